"""Ports for servers that are told where to listen: free, and kept for this process until it ends.

A port that the kernel chose, by a bind to 0, lies in the range of everybody's outgoing connections, and may be taken
before the server binds it. These lie outside that range, and no two processes of a user get the same one: each holds a
lock on one byte per port of a file that belongs to the network namespace.
"""

from __future__ import annotations

import fcntl
import os
import random
import socket
import stat
import struct
import tempfile
import threading
from itertools import chain
from pathlib import Path

from raven_realtime.problem import Problem

WANTED = range(15_000, 32_000)
"""Above the well-known ports, below where Linux lets the range of outgoing connections begin."""
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_NAMESPACE = Path("/proc/thread-self/ns/net")  # of the thread: one may have moved and the others not
_FLOCK = "hhqqi4x"  # struct flock of fcntl(2), on 64 bits: type, whence, start, length, pid


class _Locks:
    """The locked ports of this process in one network namespace."""

    def __init__(self, file: Path) -> None:
        # Close-on-exec, as Python opens every file: a server that is started does not keep the lock.
        self.descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._held: set[int] = set()

    def take(self, port: int) -> bool:
        """Lock the byte of a port; false if this process or another has it."""
        if port in self._held:
            return False
        wanted = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, port, 1, 0)
        try:
            fcntl.fcntl(self.descriptor, fcntl.F_OFD_SETLK, wanted)
        except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, says fcntl(2)
            return False
        self._held.add(port)
        return True


_guard = threading.Lock()
_locks: dict[int, _Locks] = {}


def free_port() -> int:
    """Return one port; see ``free_ports``."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, and that no other call, of any process of this user, will return.

    They are for the network namespace of the calling thread.

    Raises:
        Problem: there are not so many.
    """
    found: list[int] = []
    with _guard:
        namespace = _NAMESPACE.stat().st_ino
        if namespace not in _locks:
            _locks[namespace] = _Locks(_folder() / str(namespace))
        locks = _locks[namespace]
        candidates = eligible()
        first = random.randrange(len(candidates))
        for port in chain(candidates[first:], candidates[:first]):
            if len(found) == count:
                break
            if locks.take(port) and _is_free(port):
                found.append(port)
    if len(found) < count:
        raise Problem(f"There are no {count} free ports from {WANTED.start} to {WANTED.stop - 1}. Stop some servers.")
    return found


def eligible() -> list[int]:
    """Return the ports to choose among: outside the kernel's range for outgoing connections, unless it has all."""
    first, last = map(int, OUTGOING.read_text().split())
    return [port for port in WANTED if not first <= port <= last] or list(WANTED)


def _folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"raven-realtime-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise Problem(f"{folder} must be a folder of yours that nobody else may enter. Remove it.")
    return folder


def _is_free(port: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        for address in ("127.0.0.1", "0.0.0.0"):
            with socket.socket(type=kind) as probe:
                try:
                    probe.bind((address, port))
                except OSError:
                    return False
    return True


def _forget() -> None:
    """In a forked child, give up what is the parent's; its lock stays as long as the parent has the file open."""
    global _guard  # noqa: PLW0603 - the parent's may be held by a thread that the child has not
    _guard = threading.Lock()
    for locks in _locks.values():
        os.close(locks.descriptor)
    _locks.clear()


os.register_at_fork(after_in_child=_forget)
