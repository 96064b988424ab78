"""The Node packages of the demo's Socket.IO process, installed from its lock."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from raven_realtime.problem import Problem

FOLDER = Path(__file__).parent / "realtime"
INSTALL_SECONDS = 300


def installed() -> bool:
    """Whether node_modules is there and no older than the lock."""
    stamp = FOLDER / "node_modules" / ".package-lock.json"
    return stamp.is_file() and stamp.stat().st_mtime >= (FOLDER / "package-lock.json").stat().st_mtime


def environment() -> dict[str, str]:
    """Return the environment in which a script from elsewhere finds these packages."""
    return {**os.environ, "NODE_PATH": str(FOLDER / "node_modules")}


def install() -> None:
    """Run ``npm ci`` where it is needed; a second caller waits for the first.

    Raises:
        Problem: npm is missing, failed, or took longer than five minutes.
    """
    if installed():
        return
    npm = shutil.which("npm")
    if npm is None:
        raise Problem(
            "The demo needs Node and npm, and there is no npm on PATH. Install Node 20 or newer (Debian: nodejs npm)."
        )
    with (FOLDER / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if installed():
            return
        try:
            subprocess.run(
                [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=FOLDER,
                check=True,
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
            )
        except subprocess.CalledProcessError as error:
            raise Problem(f"`npm ci` in {FOLDER} failed:\n{error.stderr.strip()}") from None
        except subprocess.TimeoutExpired:
            raise Problem(
                f"`npm ci` in {FOLDER} did not end within {INSTALL_SECONDS} s. Is the npm registry reachable?"
            ) from None
        (FOLDER / "node_modules" / ".package-lock.json").touch()
