"""Run the real nginx for a test, and speak to it as plainly as possible."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raven_realtime.sandbox import nginx_check


@dataclass
class Nginx:
    """nginx in the foreground on one configuration file; ends with its workers when the test ends."""

    path: Path
    port: int
    """A port that the configuration listens on: what tells that nginx is up."""
    program: str | Path = ""
    """nginx itself; empty for the system's."""

    def __enter__(self) -> Nginx:
        command = [
            str(self.program) or nginx_check.find(),
            "-e",
            "stderr",
            "-p",
            str(self.path.parent),
            "-c",
            str(self.path),
        ]
        self.log = self.path.with_suffix(".stderr")
        with self.log.open("w") as errors:
            self.process = subprocess.Popen(command, stderr=errors, start_new_session=True)
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, "nginx does not listen"
                time.sleep(0.02)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        # Its own group: workers that outlive a reload because of their sockets end with it.
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def reload(self) -> None:
        """Ask the master to read the file again."""
        self.process.send_signal(signal.SIGHUP)


@dataclass(frozen=True)
class Reply:
    """What came back over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def seen(self) -> dict[str, list[str]]:
        """The headers that the backend received, by lower-case name."""
        seen: dict[str, list[str]] = {}
        for name, value in json.loads(self.body)["headers"]:
            seen.setdefault(name.lower(), []).append(value)
        return seen

    @property
    def line(self) -> str:
        """The request line that the backend received."""
        return str(json.loads(self.body)["line"])


@dataclass
class Client:
    """A raw HTTP/1.1 client: sends what it is told to the letter, and keeps the connection if the server does."""

    port: int
    source: str = "127.0.0.1"
    address: str = "127.0.0.1"
    _socket: socket.socket | None = field(default=None, repr=False)
    _rest: bytes = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection up."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._rest = None, b""

    def ask(
        self, target: str, host: str | None = "site.test", headers: Sequence[tuple[str, str]] = (), method: str = "GET"
    ) -> Reply:
        """Send one request and read its whole answer."""
        named = [] if host is None else [("Host", host)]
        head = "".join(f"{name}: {value}\r\n" for name, value in [*named, *headers])
        return self.send(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))

    def send(self, request: bytes) -> Reply:
        """Send bytes and read one answer."""
        if self._socket is None:
            self._socket = socket.create_connection((self.address, self.port), 10, (self.source, 0))
        self._socket.sendall(request)
        while b"\r\n\r\n" not in self._rest:
            self._more()
        head, _, self._rest = self._rest.partition(b"\r\n\r\n")
        start, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.split(":", 1) for line in lines)
        assert start.startswith("HTTP/1.1 "), f"{start!r} in answer to {request!r}"
        headers = {name.strip().lower(): value.strip() for name, value in pairs}
        length = int(headers.get("content-length", "0"))
        if request.startswith(b"HEAD") or start.split(" ")[1] == "101":
            length = 0
        while len(self._rest) < length:
            self._more()
        body, self._rest = self._rest[:length], self._rest[length:]
        if headers.get("connection") == "close":
            self.close()
        return Reply(int(start.split(" ")[1]), headers, body)

    def echo(self, payload: bytes) -> bytes:
        """After an upgrade: send bytes and read as many back."""
        assert self._socket is not None
        self._socket.sendall(payload)
        while len(self._rest) < len(payload):
            self._more()
        answer, self._rest = self._rest[: len(payload)], self._rest[len(payload) :]
        return answer

    def _more(self) -> None:
        assert self._socket is not None
        chunk = self._socket.recv(65536)
        if not chunk:
            raise ConnectionError(f"nginx closed the connection after {self._rest!r}")
        self._rest += chunk


def seen_values(reply: Reply, *names: str) -> dict[str, Any]:
    """Return the named headers as the backend saw them: the value, or None if it came without."""
    return {name: next(iter(reply.seen.get(name.lower(), ())), None) for name in names}
