"""The Node packages of the demo, at the versions of its ``package-lock.json``."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
from pathlib import Path

from raven_realtime.problem import Problem
from toolchain.places import ROOT
from toolchain.progress import Progress
from toolchain.pulumi_home import write_if_new

FOLDER = ROOT / "demo" / "realtime"
STAMP = FOLDER / "node_modules" / ".pins"
"""Holds the hash of the lock file that was installed."""


def ensure() -> None:
    """Run ``npm ci`` in the demo's folder unless its lock file is what was installed last; a second caller waits.

    Raises:
        Problem: npm is missing or failed (with its last lines).
    """
    lock = FOLDER / "package-lock.json"
    if not lock.is_file() or installed(lock):
        return
    with (FOLDER / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not installed(lock):
            _install()
            write_if_new(STAMP, _pins(lock))


def installed(lock: Path) -> bool:
    """Tell whether what ``node_modules`` has was installed from this lock file."""
    return STAMP.is_file() and STAMP.read_text() == _pins(lock)


def _pins(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def _install() -> None:
    if shutil.which("npm") is None:
        raise Problem("`npm` is not on PATH; the demo's Socket.IO server needs it. On Debian: apt-get install npm")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved"]
    with Progress("installing the demo's Node packages") as progress:
        progress.run(command, FOLDER, f"`npm ci` in {FOLDER.relative_to(ROOT)}")
