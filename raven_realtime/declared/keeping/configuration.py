"""What a project says about findings, and where its file is. `project_file` reads it, where there is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from fnmatch import fnmatch
from pathlib import Path

from raven_realtime.declared.rule import Parameters
from raven_realtime.findings.entry import Level
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

FILE = "raven-realtime.toml"
PYPROJECT = "pyproject.toml"


@record
class PathIgnore:
    """An ignore by path."""

    codes: tuple[str, ...]
    patterns: tuple[str, ...]
    reason: str
    location: Location
    folder: Path
    """The patterns are meant from here."""
    unknown: tuple[str, ...] = ()
    """Codes that are none are refused when the file is read."""

    def names(self, path: str) -> bool:
        """Tell whether it is about a file or a resource."""
        return any(fits(path, pattern, self.folder) for pattern in self.patterns)

    def covers(self, code: str, where: Location | None) -> bool:
        """Tell whether it ignores a finding."""
        return where is not None and code in self.codes and self.names(where.path)


@record
class Configuration:
    """What a project says about findings."""

    folder: Path = field(default_factory=Path)
    """Paths in it are meant from here."""
    app: str = ""
    fail_on: Level | None = None
    baseline: Path | None = None
    exclude: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, Level] = field(default_factory=dict)
    """By a finding's code."""
    off: frozenset[str] = frozenset()
    """The codes that are not asked for."""
    parameters: Mapping[str, Parameters] = field(default_factory=dict)
    """By a rule's name."""
    ignores: tuple[PathIgnore, ...] = ()

    def excludes(self, path: Path) -> bool:
        """Tell whether a file or folder is left out."""
        return bool(self.exclude) and any(fits(path, pattern, self.folder) for pattern in self.exclude)


def fits(path: Path | str, pattern: str, folder: Path) -> bool:
    """Tell whether a path, or a folder that it is in, fits a pattern that is meant from a folder."""
    whole = Path(path).absolute()
    is_file = whole.is_relative_to(folder) and whole.exists()  # a resource has a place too, and is no file
    shown = whole.relative_to(folder).as_posix() if is_file else str(path)
    wanted = pattern.removeprefix("./").rstrip("/").replace("**", "*")
    above = [shown, *(str(parent) for parent in Path(shown).parents[:-1])]
    return any(fnmatch(each, wanted) for each in above)


def find(start: Path) -> Path | None:
    """Look for the project's file in a folder, or the folder of a file, and upwards."""
    whole = start.absolute()
    for folder in (whole, *whole.parents):
        if (folder / FILE).is_file():
            return folder / FILE
        if (folder / PYPROJECT).is_file() and _has_table(folder / PYPROJECT):
            return folder / PYPROJECT
    return None


def _has_table(path: Path) -> bool:
    try:
        return re.search(rb"^\s*\[+\s*tool\s*\.\s*[\"']?raven-realtime\b", path.read_bytes(), re.MULTILINE) is not None
    except OSError:
        return False
