"""The Node packages of the demo, at the versions of its ``package-lock.json``."""

from __future__ import annotations

import hashlib
import shutil
import subprocess

from raven_realtime.problem import Problem
from toolchain.places import ROOT
from toolchain.progress import Progress
from toolchain.pulumi_home import write_if_new

FOLDER = ROOT / "demo" / "realtime"


def ensure() -> None:
    """Run ``npm ci`` in the demo's folder unless its lock file is what was installed last.

    Raises:
        Problem: npm is missing or failed (with its last lines).
    """
    lock = FOLDER / "package-lock.json"
    if not lock.is_file():
        return
    stamp = FOLDER / "node_modules" / ".pins"
    pins = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == pins:
        return
    if shutil.which("npm") is None:
        raise Problem("`npm` is not on PATH; the demo's Socket.IO server needs it. On Debian: apt-get install npm")
    command = ["npm", "ci", "--no-audit", "--no-fund", "--omit-lockfile-registry-resolved"]
    with (
        Progress("installing the demo's Node packages") as progress,
        subprocess.Popen(
            command, cwd=FOLDER, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        ) as process,
    ):
        output = progress.follow(process)
    if process.returncode != 0:
        said = "\n".join([*output, *progress.last_lines][-20:])
        raise Problem(f"`npm ci` in {FOLDER.relative_to(ROOT)} failed with exit code {process.returncode}:\n{said}")
    write_if_new(stamp, pins)
