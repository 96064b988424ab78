"""What differential tests of proxies need on the wire: upstreams that record, and a client as plain as can be."""

from __future__ import annotations

import base64
import hashlib
import json
import select
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from raven_realtime.proxies.interface import Answered, Outcome, Passed, Redirected, Request

_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # of RFC 6455: HAProxy checks what comes back
KEY = "x3JJHMbDL1EzLkh9GBhXDw=="
UPGRADE = (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Key", KEY))


@dataclass
class Upstreams:
    """Servers on 127.0.0.1 that answer with what they got, as JSON; to an upgrade with 101 and it in a header."""

    ports: Sequence[int]
    _sockets: list[socket.socket] = field(default_factory=list)

    def __enter__(self) -> Upstreams:
        for port in self.ports:
            listening = socket.create_server(("127.0.0.1", port), backlog=512)
            self._sockets.append(listening)
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.close()
        self._thread.join(10)
        for each in (*self._sockets, self._stopped):
            each.close()

    def _run(self) -> None:
        """Serve one connection after the other: all that differential tests ask for."""
        while True:
            ready, _, _ = select.select([self._stopped, *self._sockets], [], [])
            if self._stopped in ready:
                return
            for listening in ready:
                connection, _ = listening.accept()
                with connection:
                    connection.settimeout(5)
                    try:
                        _answer(connection, listening.getsockname()[1])
                    except OSError:
                        continue


def _answer(connection: socket.socket, port: int) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return
        data += chunk
    line, *rest = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    headers = [[name, value.strip()] for name, _, value in (entry.partition(":") for entry in rest)]
    low = {name.lower(): value for name, value in headers}
    seen = json.dumps({"port": port, "line": line, "headers": headers}).encode()
    if low.get("upgrade", "").lower() == "websocket" and low.get("connection", "").lower() == "upgrade":
        key = low.get("sec-websocket-key", "").encode()
        accept = base64.b64encode(hashlib.sha1(key + _ACCEPT).digest())
        head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        connection.sendall(head + b"Sec-WebSocket-Accept: %s\r\nX-Seen: %s\r\n\r\n" % (accept, base64.b64encode(seen)))
        return
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(seen), seen))


@dataclass(frozen=True)
class Reply:
    """What a client got: the status (None where the connection was closed), headers, and what an upstream saw."""

    status: int | None
    headers: tuple[tuple[str, str], ...] = ()
    port: int = 0
    line: str = ""
    seen: tuple[tuple[str, str], ...] = ()

    def value(self, name: str) -> str:
        """Return the first value of a header of the answer."""
        return next((value for given, value in self.headers if given.lower() == name.lower()), "")


def ask(address: str, port: int, request: Request, source: str = "127.0.0.1") -> Reply:
    """Send a request to the letter over a connection of its own, and read the answer."""
    pairs = (("Host", request.host), *request.headers)
    head = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    with socket.create_connection((address, port), 10, (source, 0)) as connection:
        connection.settimeout(10)
        connection.sendall(f"{request.method} {request.target} HTTP/{request.version}\r\n{head}\r\n".encode("latin-1"))
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                chunk = connection.recv(65536)
                if not chunk:
                    return Reply(None)
                data += chunk
            start, *lines = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
            headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
            low = {name.lower(): value for name, value in headers}
            status = int(start.split(" ")[1])
            body = data.partition(b"\r\n\r\n")[2]
            while status == 200 and len(body) < int(low.get("content-length", "0")) and request.method != "HEAD":
                chunk = connection.recv(65536)
                if not chunk:
                    break
                body += chunk
        except ConnectionError:
            return Reply(None)
    recorded = base64.b64decode(low["x-seen"]) if "x-seen" in low else body
    try:
        seen = json.loads(recorded)
    except ValueError:
        return Reply(status, headers)
    return Reply(
        status, headers, seen["port"], seen["line"], tuple((name.lower(), value) for name, value in seen["headers"])
    )


def disagreement(outcome: Outcome, reply: Reply, request: Request, ignored: Sequence[str] = ()) -> str:
    """Tell in what an evaluator's outcome differs from what the real program did; empty if in nothing."""
    if isinstance(outcome, Passed):
        return _passed(outcome, reply, request, ignored)
    if isinstance(outcome, Answered):
        if reply.line:
            return "it was passed on"
        return "" if outcome.status == reply.status else f"status {reply.status}"
    if isinstance(outcome, Redirected):
        got = (reply.status, reply.value("location"))
        return "" if got == (outcome.status, outcome.to) else f"got {got}"
    return "undecided"


def _passed(outcome: Passed, reply: Reply, request: Request, ignored: Sequence[str]) -> str:
    if not reply.line:
        return f"it was not passed on: {reply.status} {reply.headers}"
    if f"127.0.0.1:{reply.port}" not in outcome.to:
        return f"it went to {reply.port}"
    passed = outcome.request
    line = f"{passed.method} {passed.target} HTTP/{passed.version}"
    if line != reply.line:
        return f"the request line was {reply.line}, not {line}"
    left_out = {*ignored, *outcome.unknown}
    expected = sorted(
        (name.lower(), value)
        for name, value in (("host", passed.host), *passed.headers)
        if name.lower() not in left_out and (name, value) != ("host", "")
    )
    seen = sorted((name, value) for name, value in reply.seen if name not in left_out)
    if expected != seen:
        only, missing = [each for each in seen if each not in expected], [each for each in expected if each not in seen]
        return f"headers: seen {only or 'fewer'}, expected {missing or 'fewer'}"
    if request.upgrades and (reply.status == 101) != (outcome.relays_upgrade and bool(passed.values("Upgrade"))):
        return f"status {reply.status} to an upgrade"
    return ""
