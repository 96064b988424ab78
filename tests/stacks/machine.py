"""What is on this machine, before and after: processes and ports of the test's own network, files anywhere."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from raven_realtime.sandbox.listener import answers

NETWORK = Path("/proc/self/ns/net")
ENGINES = ("/plugins/", "pulumi-language-")
"""What the command line of a process has that the engine started for itself."""


@dataclass(frozen=True)
class Machine:
    """Processes and ports of the network namespace that the test runs in."""

    processes: frozenset[str]
    """Each as ``pid command``."""
    ports: frozenset[str]
    """Each as ``address:port`` that somebody listens on."""


def machine() -> Machine:
    """Return what runs and listens in this network namespace; who listens now ran a moment before."""
    running = frozenset(f"{process.pid} {said}" for process in processes() if (said := command(process)))
    listening = (item for item in psutil.net_connections("tcp") if item.status == psutil.CONN_LISTEN)
    return Machine(running, frozenset(f"{item.laddr.ip}:{item.laddr.port}" for item in listening if item.laddr))


def processes() -> list[psutil.Process]:
    """Return the live processes of this network namespace but ourselves. Zombies do not live."""
    here = NETWORK.readlink()
    found = []
    for process in psutil.process_iter():
        try:
            inside = Path(f"/proc/{process.pid}/ns/net").readlink() == here
            if inside and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except (OSError, psutil.Error):
            continue
    return found


def command(process: psutil.Process) -> str:
    """Return a process' command line, empty when it is gone."""
    try:
        return " ".join(process.cmdline()).strip()
    except psutil.Error:
        return ""


@dataclass(frozen=True)
class Diary:
    """A view of the whole file system that notes every change and keeps it from the real one.

    It is an overlay in a mount namespace that the process ``holder`` keeps open: what is written lands in ``upper``.
    """

    upper: Path
    root: Path

    holder: int

    def enter(self, folder: Path) -> tuple[str, ...]:
        """Return the command to put before one that is to run in this view, in ``folder``."""
        return ("nsenter", f"--target={self.holder}", "--mount", f"--root={self.root}", f"--wdns={folder}")

    def changed(self) -> set[Path]:
        """Return every file that was written and every file of the real system that was removed, as absolute paths.

        A folder counts where it is new; one that merely got and lost an entry is as it was.
        """
        found = set()
        for folder, folders, files in os.walk(self.upper):
            for name in (*folders, *files):
                note = Path(folder, name)
                real = Path("/", note.relative_to(self.upper))
                if not stat.S_ISDIR(note.lstat().st_mode) or not real.is_dir():
                    found.add(real)
        return found


@contextmanager
def diary(folder: Path) -> Iterator[Diary]:
    """Open a view of the file system that notes its changes below ``folder``; only root can."""
    assert os.geteuid() == 0, "The test looks at the whole file system through an overlay: run it as root."
    folder.mkdir(parents=True)
    script = """
        set -e
        mount -t tmpfs diary "$1"
        mkdir "$1/upper" "$1/work" "$1/root"
        mount -t overlay diary -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
        for one in proc dev sys; do mount --rbind "/$one" "$1/root/$one"; done
        echo ready
        exec sleep infinity
    """
    command = ["unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stderr is not None
            assert holder.stdout.readline() == "ready\n", f"no overlay of the file system: {holder.stderr.read()}"
            # only the holder's namespace has these mounts
            seen = Path(f"/proc/{holder.pid}/root", *folder.parts[1:])
            yield Diary(seen / "upper", seen / "root", holder.pid)
        finally:
            holder.kill()


def settled(seconds: float = 5) -> Machine:
    """Return what runs once the engine's plugins and hosts, which outlive it by a moment, are gone."""
    deadline = time.monotonic() + seconds
    while True:
        seen = machine()
        if time.monotonic() > deadline or not any(part in one for one in seen.processes for part in ENGINES):
            return seen
        time.sleep(0.1)


@contextmanager
def left_as_found() -> Iterator[None]:
    """End every process that is new in this network namespace, also when the test failed halfway."""
    before = {process.pid for process in processes()}
    try:
        yield
    finally:
        left = [process for process in processes() if process.pid not in before]
        for process in left:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, 5)


def without(*paths: Path) -> tuple[str, ...]:
    """Return the command to put before one that is to run on a machine that lacks these files; only root can."""
    script = """
        set -e
        until [ "$1" = -- ]; do
            layer=$(mktemp -d)
            mount -t tmpfs layer "$layer"
            mkdir "$layer/upper" "$layer/work"
            mknod "$layer/upper/$(basename "$1")" c 0 0  # an overlay's way to say that a file is gone
            folder=$(dirname "$1")
            mount -t overlay hidden -o "lowerdir=$folder,upperdir=$layer/upper,workdir=$layer/work" "$folder"
            shift
        done
        shift
        exec "$@"
    """
    return ("unshare", "--mount", "--propagation=private", "sh", "-c", script, "sh", *map(str, paths), "--")


@contextmanager
def somebody_on(*ports: int) -> Iterator[None]:
    """Have other processes listen on ports."""
    command = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1"]
    others = [subprocess.Popen([*command, str(port)], stderr=subprocess.DEVNULL) for port in ports]
    try:
        assert all(answers(port, 10) for port in ports)
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()
