"""The virtual environment ``.venv``: hash-pinned requirements and the project itself, editable."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import tomllib

from raven_realtime.problem import Problem
from toolchain.places import REQUIREMENTS, ROOT, VENV
from toolchain.progress import Progress
from toolchain.pulumi_home import write_if_new

SETS = {"unit": ("unit", "dev"), "pulumi": ("pulumi", "dev"), "dev": ("dev",)}
"""The sets of requirements, each with those that have everything of it: its own, and larger ones."""

STAMP = VENV / "pins.json"
"""The sets that are installed, and the hash of each one's pins."""


def ensure(wanted: str) -> None:
    """Bring ``.venv`` to the set of requirements ``wanted``, or a larger one that is there already.

    It is made anew when pins change: what is pinned no more would still be there, here and nowhere else.

    Raises:
        Problem: Python has no venv module, or pip failed (with its last lines).
    """
    installed = _installed()
    if any(installed.get(name) == _pins(name) for name in SETS[wanted]):
        return
    outdated = any(name not in SETS or _pins(name) != pins for name, pins in installed.items())
    if outdated or not (VENV / "bin" / "python").exists():
        if importlib.util.find_spec("ensurepip") is None:
            raise Problem(f"{sys.executable} cannot make virtual environments. On Debian: apt-get install python3-venv")
        _run("making .venv", [sys.executable, "-m", "venv", "--clear", str(VENV)])
        installed = {}
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    requirements = REQUIREMENTS / f"{wanted}.txt"
    _run(f"installing {requirements.relative_to(ROOT)}", [*pip, "--require-hashes", "-r", str(requirements)])
    _run("installing the project into .venv", [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)])
    write_if_new(STAMP, json.dumps({**installed, wanted: _pins(wanted)}))


def _installed() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _pins(name: str) -> str:
    """Return the hash of everything that an installed set comes from: its pins, and what is said of the project."""
    described = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = [described["build-system"], described["project"], described["tool"]["setuptools"]]
    digest = hashlib.sha256(json.dumps([sys.version_info[:2], project]).encode())
    digest.update((REQUIREMENTS / f"{name}.txt").read_bytes())
    return digest.hexdigest()


def _run(doing: str, command: list[str]) -> None:
    with Progress(doing) as progress:
        progress.run(command, ROOT)
