"""Which Python runs a program: the ``virtualenv`` option of its Pulumi.yaml, else the one on PATH."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ACCEPTED_OPTIONS = {"virtualenv", "toolchain"}
"""The options of ``runtime`` that this host knows; ``toolchain`` only as ``pip``."""

PLUGINS_OF_ENVIRONMENT = """
import json, pathlib, sys
found = {}
for folder in map(pathlib.Path, sys.path):
    for marker in sorted(folder.glob("*/pulumi-plugin.json")) if folder.is_dir() else ():
        plugin = json.loads(marker.read_text())
        if plugin.get("resource"):
            found.setdefault(plugin.get("name") or marker.parent.name.removeprefix("pulumi_"), plugin)
print(json.dumps(found))
"""
"""Lists the packages of an environment that say, in the file the SDKs ship for it, which plugin they need."""

PACKAGES_OF_ENVIRONMENT = """
import importlib.metadata, json
print(json.dumps(sorted({(d.metadata["Name"], d.version) for d in importlib.metadata.distributions()})))
"""


class HostError(Exception):
    """Something in a program's options or environment that the user can mend; the message is all there is to say."""


@dataclass(frozen=True)
class Interpreter:
    """A Python and the environment variables that choose it for child processes."""

    python: Path
    virtualenv: Path | None

    def environment(self, base: Mapping[str, str]) -> dict[str, str]:
        """Return ``base`` with the virtual environment activated, as the official host does it."""
        if self.virtualenv is None:
            return dict(base)
        path = os.pathsep.join(filter(None, (str(self.virtualenv / "bin"), base.get("PATH", ""))))
        environment = {**base, "PATH": path, "VIRTUAL_ENV": str(self.virtualenv)}
        environment.pop("PYTHONHOME", None)
        return environment

    def plugins(self) -> dict[str, dict[str, Any]]:
        """Return the plugins that the installed packages need, by name."""
        found: dict[str, dict[str, Any]] = self._ask(PLUGINS_OF_ENVIRONMENT)
        return found

    def packages(self) -> list[tuple[str, str]]:
        """Return the installed distributions as pairs of name and version."""
        return [(name, version) for name, version in self._ask(PACKAGES_OF_ENVIRONMENT)]

    def version(self) -> str:
        """Return this Python's version, such as ``3.11.7``."""
        return str(self._ask("import json, platform; print(json.dumps(platform.python_version()))"))

    def _ask(self, program: str) -> Any:
        answer = subprocess.run(
            [self.python, "-c", program],
            env=self.environment(os.environ),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if answer.returncode != 0:
            raise HostError(f"{self.python} could not be asked for its packages:\n{answer.stderr.strip()}")
        return json.loads(answer.stdout)


def chosen(root: Path, options: Mapping[str, Any]) -> Interpreter:
    """Return the interpreter for a program with these runtime options.

    Args:
        root: The folder of the Pulumi.yaml (PulumiPlugin.yaml, PulumiPolicy.yaml); relative paths start there.
        options: ``runtime.options`` of that file.

    Raises:
        HostError: an option this host does not know, or a virtual environment that is not there.
    """
    unknown = sorted(set(options) - ACCEPTED_OPTIONS)
    if unknown:
        raise HostError(
            f"{root}: runtime option {unknown[0]!r} is not supported by this language host, which stands in for the "
            f"official one; it knows {', '.join(sorted(ACCEPTED_OPTIONS))}."
        )
    toolchain = options.get("toolchain", "pip")
    if toolchain.lower() != "pip":
        raise HostError(f"{root}: runtime option toolchain is {toolchain!r}; this language host knows only 'pip'.")
    if name := options.get("virtualenv"):
        virtualenv = Path(os.path.normpath(root / name))
        python = virtualenv / "bin" / "python"
        if not python.exists():
            raise HostError(
                f"{root}: the virtualenv option is {name!r}, and {virtualenv} is not a virtual environment. "
                "Run `pulumi install` there to make it."
            )
        return Interpreter(python, virtualenv)
    for command in ("python3", "python"):
        if found := shutil.which(command):
            return Interpreter(Path(found), None)
    raise HostError("neither `python3` nor `python` is on PATH.")
