"""Programs of others that do something like ours, in a virtual environment of their own, pinned by version and hash."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

from toolchain.places import CACHE, REQUIREMENTS

PINS = REQUIREMENTS / "peers.txt"


@cache
def program(name: str) -> Path:
    """Return a program, installed the first time that it is asked for.

    Raises:
        RuntimeError: pip failed; the message has what it said.
    """
    place = CACHE / "peers"
    stamp = place / PINS.name
    if not (stamp.is_file() and stamp.read_bytes() == PINS.read_bytes()):
        _run(sys.executable, "-m", "venv", "--clear", str(place))
        pip = (str(place / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
        _run(*pip, "--require-hashes", "-r", str(PINS))
        stamp.write_bytes(PINS.read_bytes())
    return place / "bin" / name


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
