"""Two network namespaces and the cable between them: the server, and the world outside."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from raven_realtime.problem import Problem

INTERFACE = "eth0"
LISTEN = "0A"
"""The kernel's number of the state."""
PATIENCE = 5.0
"""Seconds that killed processes get to vanish."""


@dataclass(frozen=True)
class Namespace:
    """A network namespace, as ``ip netns`` knows it, with an /etc/hosts of its own."""

    name: str
    hosts_file: Path

    @property
    def path(self) -> Path:
        """The file that stands for the namespace."""
        return Path("/run/netns") / self.name

    def command(self, *command: str, setup: str = "") -> tuple[str, ...]:
        """Return ``command`` such that it runs in the namespace; its process is the one that is started.

        It shares the machine's files and processes. Its mounts are its own (unlike those that ``ip netns exec`` makes,
        they leave the control groups in sight, without which dockerd refuses to start), so they go when it goes.

        Args:
            command: the program and its arguments.
            setup: shell commands that run before it, with those mounts.
        """
        script = " && ".join(filter(None, ['mount --bind "$0" /etc/hosts', setup, 'exec "$@"']))
        enter = ("nsenter", f"--net={self.path}", "unshare", "--mount", "sh", "-c", script, str(self.hosts_file))
        return (*enter, *command)

    def exists(self) -> bool:
        """Tell whether the namespace is there."""
        return self.path.exists()

    def processes(self) -> list[int]:
        """Return the processes that live in the namespace."""
        try:
            own = self.path.stat()
        except OSError:
            return []
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    theirs = (entry / "ns" / "net").stat()
                except OSError:
                    continue
                if (theirs.st_dev, theirs.st_ino) == (own.st_dev, own.st_ino):
                    found.append(int(entry.name))
        return found

    def delete(self) -> None:
        """End what lives in the namespace and remove it; nothing happens if there is none."""
        if self.exists():
            kill(self.processes)
            _ip("netns", "delete", self.name)


def connect(one: Namespace, one_address: str, other: Namespace, other_address: str) -> bool:
    """Make two namespaces with a cable between them, unless they are there.

    Args:
        one: the first namespace.
        one_address: its IPv4 address, in the same /24 as the other's.
        other: the second namespace.
        other_address: its address.

    Returns:
        Whether they had to be made.

    Raises:
        Problem: the kernel or the container that this runs in does not permit it.
    """
    if one.exists() and other.exists():
        return False
    one.delete()
    other.delete()
    for namespace in (one, other):
        _ip("netns", "add", namespace.name)
    cable = ("link", "add", INTERFACE, "netns", one.name, "type", "veth")
    _ip(*cable, "peer", "name", INTERFACE, "netns", other.name)
    for namespace, address in ((one, one_address), (other, other_address)):
        _ip("-n", namespace.name, "address", "add", f"{address}/24", "dev", INTERFACE)
        for link in ("lo", INTERFACE):
            _ip("-n", namespace.name, "link", "set", link, "up")
    return True


def listens(process: int, port: int) -> bool:
    """Tell whether a TCP port is listened on in a process's namespace, from the kernel's table (proc(5), net/tcp)."""
    for table in ("tcp", "tcp6"):
        try:
            lines = Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]
        except OSError:
            return False
        for local, _remote, state in (line.split()[1:4] for line in lines):
            if state == LISTEN and int(local.rpartition(":")[2], 16) == port:
                return True
    return False


def kill(processes: Callable[[], list[int]]) -> None:
    """Kill processes until none is left: what they start meanwhile, too.

    Raises:
        Problem: some are still there after a few seconds.
    """
    deadline = time.monotonic() + PATIENCE
    while alive := [pid for pid in processes() if pid != os.getpid()]:
        if time.monotonic() > deadline:
            raise Problem(
                f"These processes cannot be ended: {', '.join(map(str, alive))}. End them, then run this again."
            )
        for pid in alive:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        time.sleep(0.05)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Problem(
            f"`ip {' '.join(arguments)}` failed: {done.stderr.strip()}\n"
            "The demo server needs network namespaces and veth: a machine of your own, or a privileged container."
        )
