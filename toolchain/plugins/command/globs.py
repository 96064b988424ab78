"""The files that a command leaves and the program asks for: ``assetPaths`` and ``archivePaths``."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from toolchain.plugins.resource import OperationError
from toolchain.plugins.values import ARCHIVE, ASSET, SIGNATURE, Values


def found(folder: Path, globs: list[str]) -> list[str]:
    """Return the files under ``folder`` that the globs name, as paths relative to it.

    ``*`` and ``?`` match anything but ``/``, ``**`` anything, ``[a-z]`` and ``[!a-z]`` one character, ``{a,b}`` either.
    Globs count in their order; one that starts with ``!`` takes away what those before it gave.
    """
    rules = [(glob.startswith("!"), re.compile(pattern(glob.removeprefix("!")), re.DOTALL)) for glob in globs]
    chosen = []
    for path in sorted(_files(folder)):
        wanted = False
        for excludes, rule in rules:
            if rule.fullmatch(path):
                wanted = not excludes
        if wanted:
            chosen.append(path)
    return chosen


def pattern(glob: str) -> str:
    """Return the regular expression for a glob."""
    parts, depth, index = [], 0, 0
    while index < len(glob):
        char = glob[index]
        if glob.startswith("**", index):
            parts.append(".*")
            index += 1
        elif char == "[" and (end := glob.find("]", index + 2)) > 0:
            inside = glob[index + 1 : end].replace("\\", "\\\\")
            parts.append(f"[{'^' + inside[1:] if inside.startswith('!') else inside}]")
            index = end
        elif char == "\\" and index + 1 < len(glob):
            index += 1
            parts.append(re.escape(glob[index]))
        else:
            depth += (char == "{") - (char == "}")
            special = {"*": "[^/]*", "?": "[^/]", "{": "(?:", "}": ")"}
            parts.append("|" if char == "," and depth else special.get(char, re.escape(char)))
        index += 1
    if depth:
        raise OperationError(f"the glob {glob!r} has braces that do not match")
    return "".join(parts)


def assets(folder: Path, paths: list[str]) -> Values:
    """Return the files as assets, by their relative paths."""
    return {path: _asset(folder / path) for path in paths}


def archive(folder: Path, paths: list[str]) -> Values:
    """Return the files as one archive."""
    return {SIGNATURE: ARCHIVE, "assets": assets(folder, paths)}


def _asset(path: Path) -> dict[str, Any]:
    return {SIGNATURE: ASSET, "path": str(path), "hash": hashlib.sha256(path.read_bytes()).hexdigest()}


def _files(folder: Path) -> Iterator[str]:
    for parent, _, names in os.walk(folder):
        for name in names:
            yield (Path(parent) / name).relative_to(folder).as_posix()
