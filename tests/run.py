"""``python -m tests.run ARGUMENTS``: pytest, and nothing of it stays, however it ends.

All that the tests start stays below this process in the tree of processes: what loses its parent becomes a child of
this one (prctl(2), PR_SET_CHILD_SUBREAPER). So when pytest has ended, by itself, by Ctrl-C or by SIGKILL, what is left
below is ended, and then the network namespaces and folders of daemons that are gone are removed.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
NAMESPACES = Path("/run/netns")
OWNED = re.compile(r"rr-[a-z]+(?:-[a-z]+)*-(\d+)-\w+")
"""A folder of a daemon or a server: the process that made it is in its name."""
PATIENCE = 8.0
"""Seconds that killed processes get to vanish."""


def main(arguments: list[str]) -> int:
    """Run pytest, end what it left, say what that was, and return its exit code."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    former = _namespaces()
    started: list[subprocess.Popen[bytes]] = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # before pytest: what a shell started in the background ignores Ctrl-C, and would hand that on to every test
        signal.signal(number, lambda received, _frame: _tell(started, received))
    tests = subprocess.Popen([sys.executable, "-m", "pytest", *arguments])
    started.append(tests)
    code = _waited(tests.pid)
    left = [*end_descendants(), *remove_namespaces(_namespaces() - former), *remove_folders()]
    if left:
        sys.stderr.write("\n  ".join(["The tests left, and it is removed now:", *left]) + "\n")
    return 128 - code if code < 0 else code


def _tell(started: list[subprocess.Popen[bytes]], received: int) -> None:
    """Hand a signal on; Ctrl-C reaches pytest from the terminal."""
    for tests in started:
        if received != signal.SIGINT:
            os.kill(tests.pid, received)


def _waited(tests: int) -> int:
    """Wait for pytest; whatever else ends below is buried at once, as init does, or it would seem to live on."""
    while True:
        process, status = os.waitpid(-1, 0)
        if process == tests:
            return os.waitstatus_to_exitcode(status)


def end_descendants() -> list[str]:
    """Kill what is below this process, and what it starts meanwhile; return what that was."""
    ended: dict[int, str] = {}
    until = time.monotonic() + PATIENCE
    while (below := descendants(os.getpid())) and time.monotonic() < until:
        for process in below:
            ended.setdefault(process, _described(process))
            _kill(process)
        time.sleep(0.05)
        _reap()
    return [description for description in ended.values() if description]


def descendants(root: int) -> list[int]:
    """Return the processes below one, those that ended and wait for their parent left out."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state != "Z":
            children.setdefault(int(parent), []).append(int(entry.name))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def remove_namespaces(made: Iterable[str]) -> list[str]:
    """Delete those network namespaces in which nothing lives any more; return their names.

    A name has the process in it that made the namespace. As long as that lives it may be about to fill it: the tests of
    another checkout run beside these.
    """
    inhabited = {_identity(entry / "ns" / "net") for entry in Path("/proc").iterdir() if entry.name.isdigit()}
    gone = [name for name in made if name.startswith("rr-") and _identity(NAMESPACES / name) not in inhabited]
    orphaned = [name for name in gone if not any(Path("/proc", number).exists() for number in re.findall(r"\d+", name))]
    return [name for name in orphaned if _done("ip", "netns", "delete", name)]


def remove_folders() -> list[str]:
    """Remove the folders of daemons and servers whose test process is gone, and what is mounted there; return them."""
    removed = []
    for folder in Path(tempfile.gettempdir()).glob("rr-*"):
        owner = OWNED.fullmatch(folder.name)
        if owner is None or Path("/proc", owner[1]).exists():
            continue
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
        for mount in sorted((each for each in mounts if each.startswith(f"{folder}/")), reverse=True):
            _done("umount", "-l", mount)
        shutil.rmtree(folder, ignore_errors=True)
        removed.append(str(folder))
    return removed


def _namespaces() -> set[str]:
    return {file.name for file in NAMESPACES.iterdir()} if NAMESPACES.is_dir() else set()


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _described(process: int) -> str:
    try:
        command = Path("/proc", str(process), "cmdline").read_bytes()
    except OSError:
        return ""
    return f"{process} {command.replace(bytes(1), b' ').decode(errors='replace').strip()[:150]}"


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _done(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
