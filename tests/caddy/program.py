"""Run the real Caddy for a test, and ask it as plainly as possible."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any


def find() -> str:
    """Return where caddy is; a test without it fails."""
    found = shutil.which("caddy")
    assert found, "caddy is not installed: apt-get install --no-install-recommends caddy"
    return found


def version() -> str:
    """Return the version of what `find` finds, such as ``2.6.2``."""
    return _version_of(find())


@cache
def _version_of(program: str) -> str:
    said = subprocess.run([program, "version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+\.\d+\.\d+", said)
    assert found, said
    return found[0]


def adapt(path: Path) -> str:
    """Return what ``caddy adapt`` makes of a Caddyfile."""
    command = [find(), "adapt", "--pretty", "--adapter", "caddyfile", "--config", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    json.loads(done.stdout)
    return done.stdout


@dataclass
class Program:
    """Caddy in the foreground on one Caddyfile; ends when the test ends."""

    path: Path
    ports: Sequence[int]
    """Ports that the configuration listens on: what tells that Caddy is up."""
    folder: Path
    """Where it works."""

    def __enter__(self) -> Program:
        home = self.path.parent
        environment = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        self.log = self.path.with_suffix(".log")
        command = [find(), "run", "--adapter", "caddyfile", "--config", str(self.path)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, stderr=log, stdout=log, env=environment, cwd=self.folder)
        deadline = time.monotonic() + 30
        for port in self.ports:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    assert self.process.poll() is None, self.log.read_text()[-3000:]
                    assert time.monotonic() < deadline, "Caddy does not listen"
                    time.sleep(0.02)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait(10)


@dataclass(frozen=True)
class Reply:
    """What came back; status None where the connection was closed without an answer."""

    status: int | None
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@dataclass
class Client:
    """A client that sends what it is told to the letter, and keeps connections where Caddy does."""

    _open: dict[tuple[Any, ...], socket.socket] = field(default_factory=dict)

    def __enter__(self) -> Client:
        self._tls = _context()
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._open.values():
            each.close()

    def wait_for_certificates(self, port: int, names: Sequence[str]) -> None:
        """Wait until Caddy has made the certificates of some names: it listens before that."""
        deadline = time.monotonic() + 30
        for name in names:
            while True:
                try:
                    self._connect(port, "127.0.0.1", name).close()
                    break
                except (ConnectionError, ssl.SSLError):
                    assert time.monotonic() < deadline, f"Caddy has no certificate for {name}"
                    time.sleep(0.05)

    def ask(self, port: int, head: bytes, *, source: str, tls_name: str, method: str) -> Reply:
        """Send a request and read its answer."""
        key = (port, source, tls_name)
        for _ in range(2):
            kept = self._open.pop(key, None)
            try:
                connection = kept or self._connect(port, source, tls_name)
                connection.sendall(head)
                reply, keep = _answer(connection, method)
            except (ConnectionError, ssl.SSLError, EOFError):
                if kept:
                    continue  # Caddy may close a connection that is kept at any time
                return Reply(None)
            if keep:
                self._open[key] = connection
            else:
                connection.close()
            return reply
        return Reply(None)

    def _connect(self, port: int, source: str, tls_name: str) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", port), 10, (source, 0))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._tls.wrap_socket(connection, server_hostname=tls_name) if tls_name else connection


def _answer(connection: socket.socket, method: str) -> tuple[Reply, bool]:
    rest = b""

    def more() -> None:
        nonlocal rest
        chunk = connection.recv(65536)
        if not chunk:
            raise EOFError
        rest += chunk

    while b"\r\n\r\n" not in rest:
        more()
    head, _, rest = rest.partition(b"\r\n\r\n")
    start, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    status = int(start.split(" ")[1])
    if method == "HEAD" or status in (101, 204, 304):
        return Reply(status, headers), status != 101 and headers.get("connection") != "close"
    if headers.get("transfer-encoding") == "chunked":
        while not rest.endswith(b"0\r\n\r\n"):
            more()
        return Reply(status, headers, "?"), True
    length = int(headers.get("content-length", "0"))
    while len(rest) < length:
        more()
    return Reply(status, headers, rest.decode("utf-8", "replace")), headers.get("connection") != "close"
