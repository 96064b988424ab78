"""Programs of others that `make bench` compares ours with, in a virtual environment of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from raven_realtime.problem import Problem
from toolchain.places import CACHE, REQUIREMENTS
from toolchain.progress import Progress

PINS = REQUIREMENTS / "peers.txt"
PLACE = CACHE / "peers"
STAMP = PLACE / PINS.name
"""The pins of what is installed."""


def ensure() -> None:
    """Install them, where they are not there already.

    Raises:
        Problem: pip failed (with its last lines).
    """
    if STAMP.is_file() and STAMP.read_bytes() == PINS.read_bytes():
        return
    with Progress(f"installing requirements/{PINS.name}"):
        _run(sys.executable, "-m", "venv", "--clear", str(PLACE))
        pip = (str(PLACE / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        _run(*pip, "--require-hashes", "-r", str(PINS))
    STAMP.write_bytes(PINS.read_bytes())


def program(name: str) -> Path:
    """Return a program.

    Raises:
        Problem: it is not installed yet.
    """
    found = PLACE / "bin" / name
    if not found.is_file():
        raise Problem(f"{name} is not installed yet. Run `python3 -m toolchain ensure --for test` first.")
    return found


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = "\n".join([*done.stdout.splitlines(), *done.stderr.splitlines()][-10:])
        raise Problem(f"`{' '.join(command[:4])} …` ended with {done.returncode}:\n{said}")
