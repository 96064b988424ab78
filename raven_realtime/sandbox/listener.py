"""Who listens on a port of this machine, from the kernel's socket table."""

from __future__ import annotations

import socket
import time

import psutil

from raven_realtime.proxies.record import record

LOOPBACK = "127.0.0.1"
ANY = ("0.0.0.0", "::", LOOPBACK, "::1", "::ffff:127.0.0.1")


@record
class Listener:
    """A socket that accepts connections, and its process where the kernel tells us."""

    address: str
    port: int
    pid: int | None
    process: str

    def __str__(self) -> str:
        """Say it as a person would look for it."""
        who = f"pid {self.pid}: {self.process}" if self.pid else "a process of another user"
        return f"{self.address}:{self.port} ({who})"


def listeners(port: int) -> list[Listener]:
    """Return what listens on a TCP port of loopback or of every address."""
    found = []
    for connection in psutil.net_connections("tcp"):
        local = connection.laddr
        if connection.status == psutil.CONN_LISTEN and local and local.port == port and local.ip in ANY:
            found.append(Listener(local.ip, port, connection.pid, _command(connection.pid)))
    return found


def _command(pid: int | None) -> str:
    if pid is None:
        return "unknown"
    try:
        process = psutil.Process(pid)
        return " ".join(process.cmdline())[:120] or process.name()
    except psutil.Error:
        return "unknown"


def may_bind(port: int) -> bool:
    """Tell whether this user may listen on a port of loopback, which is free now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int, seconds: float = 0) -> bool:
    """Tell whether something accepts connections on a port of loopback, waiting up to ``seconds`` for it."""
    deadline = time.monotonic() + seconds
    while True:
        with socket.socket() as probe:
            probe.settimeout(2)
            if probe.connect_ex((LOOPBACK, port)) == 0:
                return True
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.05)
