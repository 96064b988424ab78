"""Bounded load from the world outside: live Socket.IO clients, and handshakes at a steady rate."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.server import Server
from tests.stacks.prod.production import HOST, python_outside


@dataclass(frozen=True)
class Seen:
    """What the clients noticed so far."""

    connected: int
    upgraded: int
    lost: int
    """How many times one lost its connection."""
    late: int
    """How many of these Socket.IO itself closed, because the upgrade took longer than the 10 s that it waits."""
    slowest: int
    """The longest time, in ms, from a loss to being connected again; what the clients' process waits for the
    processor is left out."""
    errors: tuple[str, ...]
    """What attempts to connect failed with, and why connections were lost a second time, each once."""


class Clients:
    """Live clients; ask them with `seen`, add to them with `more`."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.first = self._line()

    def seen(self) -> Seen:
        """Ask what they noticed so far."""
        return self.more(0)

    def more(self, count: int) -> Seen:
        """Open further ones; return what all noticed when these are on WebSocket too."""
        assert self._process.stdin
        self._process.stdin.write(f"{count}\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> Seen:
        assert self._process.stdout
        line = self._process.stdout.readline()
        assert line, "the clients ended; their errors are above"
        said = json.loads(line)
        return Seen(**{**said, "errors": tuple(said["errors"])})


@contextmanager
def clients(server: Server, count: int, transports: str, host: str = HOST) -> Iterator[Clients]:
    """Hold ``count`` clients, all of them on WebSocket when this begins; ``transports`` as Socket.IO's option."""
    script = str(Path(__file__).with_name("clients.js"))
    command = server.outside("node", script, f"https://{host}", str(count), transports, str(server.ca))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Clients(process)
        finally:
            process.kill()


@dataclass
class Handshakes:
    """What came of them; complete when the context ends."""

    asked: int = 0
    seconds: float = 0.0
    failed: tuple[str, ...] = ()
    failed_at: tuple[float, ...] = ()
    """When each of these was asked, as `time.time` counts."""


@contextmanager
def handshakes(server: Server, rate: float, host: str = HOST) -> Iterator[Handshakes]:
    """Take handshakes at a rate (a second) for as long as the context lasts."""
    command = python_outside(server, "handshakes.py", f"https://{host}", str(server.ca), str(rate))
    counted = Handshakes()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield counted
            said, _ = process.communicate(timeout=30)
            result = json.loads(said)
            counted.asked, counted.seconds = result["asked"], result["seconds"]
            counted.failed = tuple(said for said, _ in result["failed"])
            counted.failed_at = tuple(at for _, at in result["failed"])
        finally:
            process.kill()
