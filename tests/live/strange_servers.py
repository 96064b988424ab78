"""Servers that do what no server should: small, on loopback, on ports of their own, ended with the test."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator

Behaviour = Callable[[socket.socket], None]
OPEN = (
    b'0{"sid":"abcdefghijklmnopqrst","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1}'
)


_BOMB = b"".join(gzip.compress(b"0" * 1_000_000) for _ in range(50))


def head(status: str = "200 OK", **headers: object) -> bytes:
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode()


def silent(connection: socket.socket) -> None:
    """Accept, and say nothing."""
    time.sleep(30)


def tarpit(connection: socket.socket) -> None:
    """A header line every tenth of a second, for ever: no single read ever times out."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for number in range(300):
        connection.sendall(f"X-{number}: slow\r\n".encode())
        time.sleep(0.1)


def slow_body(connection: socket.socket) -> None:
    """A byte every tenth of a second."""
    connection.sendall(head(Content_Length=1000))
    for _ in range(300):
        connection.sendall(b"0")
        time.sleep(0.1)


def endless_body(connection: socket.socket) -> None:
    """A body without an end, as fast as it goes."""
    connection.sendall(head())
    while True:
        connection.sendall(b"x" * 65536)


def hundred_megabytes(connection: socket.socket) -> None:
    """A large answer that ends."""
    connection.sendall(head(Content_Length=100_000_000))
    for _ in range(1000):
        connection.sendall(b"x" * 100_000)


def endless_header(connection: socket.socket) -> None:
    """One header that never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        connection.sendall(b"x" * 65536)


def garbage(connection: socket.socket) -> None:
    """Bytes of another protocol."""
    connection.sendall(b"\x00\xff\xfeSSH-2.0-OpenSSH_9.2\r\n" * 10)


def hangs_up(connection: socket.socket) -> None:
    """Accept and close."""


def packed_bomb(connection: socket.socket) -> None:
    """A small gzip body that unpacks to a large one, although nobody asked for gzip."""
    connection.sendall(head(Content_Encoding="gzip", Content_Length=len(_BOMB)) + _BOMB)


def redirects(connection: socket.socket) -> None:
    """To itself, for ever."""
    connection.sendall(head("302 Found", Location="/socket.io/?EIO=4&transport=polling", Content_Length=0))


def opens_only(connection: socket.socket) -> None:
    """Open a session, and answer nothing more."""
    connection.recv(4096)
    connection.sendall(head(Content_Length=len(OPEN)) + OPEN)
    time.sleep(30)


def never_probes(connection: socket.socket) -> None:
    """Open, upgrade to a WebSocket, and never answer on it."""
    _upgrades(connection, OPEN, b"")


def never_pings(connection: socket.socket) -> None:
    """Open, upgrade, answer the probe, and never ping, although it promised one every 0.3 s."""
    promised = OPEN.replace(b"25000", b"300").replace(b"20000", b"200")
    _upgrades(connection, promised, b"\x81\x063probe")


def _upgrades(connection: socket.socket, opened: bytes, frame: bytes) -> None:
    """Answer polling with an open packet, and an upgrade with one WebSocket frame and silence."""
    request = b""
    while True:
        while b"\r\n\r\n" not in request:
            received = connection.recv(4096)
            if not received:
                return
            request += received
        asked, _, request = request.partition(b"\r\n\r\n")
        key = next(
            (line.split(b": ")[1] for line in asked.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key")),
            b"",
        )
        if key:
            accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()).decode()
            connection.sendall(
                head("101 Switching", Upgrade="websocket", Connection="Upgrade", Sec_WebSocket_Accept=accept) + frame
            )
            time.sleep(30)
        connection.sendall(head(Content_Length=len(opened)) + opened)


@contextlib.contextmanager
def serving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Serve every connection in a thread of its own and give the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    ending = threading.Event()
    connections: list[socket.socket] = []

    def one(connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ssl.SSLError):
            wrapped = tls.wrap_socket(connection, server_side=True) if tls else connection
            with wrapped:
                behaviour(wrapped)

    def accept() -> None:
        while not ending.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = listener.accept()
                connections.append(connection)
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        ending.set()
        thread.join()
        listener.close()
        for connection in connections:
            connection.close()


class CutsOnce:
    """Polling that works, but for the first answer to a POST, which ends before its body is complete."""

    def __init__(self, cuts: int) -> None:
        self.cuts = cuts

    def __call__(self, connection: socket.socket) -> None:
        while request := connection.recv(4096):
            if not request.startswith(b"POST"):
                body = b'40{"sid":"x"}' if b"sid=" in request else OPEN
                connection.sendall(head(Content_Length=len(body)) + body)
            elif self.cuts > 0:
                self.cuts -= 1
                connection.sendall(head(Transfer_Encoding="chunked") + b"2\r\n")
                return
            else:
                connection.sendall(head(Content_Length=2) + b"ok")
