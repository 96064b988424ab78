"""Who speaks to the server of the conformance cases, as plainly as possible: HTTP requests and a WebSocket of bytes."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import httpx

TIMEOUT = 15
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


@dataclass(frozen=True)
class Frame:
    """A WebSocket frame as it came (RFC 6455, section 5.2)."""

    opcode: int
    payload: bytes = b""
    final: bool = True

    @property
    def code(self) -> int | None:
        """The code of a close frame; None where it has none."""
        return struct.unpack("!H", self.payload[:2])[0] if self.payload else None


@dataclass
class Wire:
    """An upgraded connection: what is written are bytes, what is read are frames."""

    connection: socket.socket
    _read: bytearray = field(default_factory=bytearray)

    def send(self, opcode: int, payload: bytes = b"", *, final: bool = True, rsv: int = 0, masked: bool = True) -> None:
        """Send one frame, a wrong one if so wished."""
        self.connection.sendall(frame(opcode, payload, final=final, rsv=rsv, masked=masked))

    def receive(self) -> Frame | None:
        """The next frame; None when the other side has closed."""
        try:
            first, second = self._take(2)
            length = second & 0x7F
            if length >= 126:
                width = {126: 2, 127: 8}[length]
                length = int.from_bytes(self._take(width), "big")
            return Frame(first & 0x0F, bytes(self._take(length)), bool(first & 0x80))
        except (EOFError, ConnectionError):
            return None

    def _take(self, count: int) -> bytes:
        while len(self._read) < count:
            more = self.connection.recv(1 << 18)
            if not more:
                raise EOFError
            self._read += more
        taken = bytes(self._read[:count])
        del self._read[:count]
        return taken

    def message(self) -> str | bytes | None:
        """The next message, put together; None when the other side has closed, by a frame or without."""
        parts, kind = b"", 0
        while (got := self.receive()) is not None and got.opcode != CLOSE:
            if got.opcode in {TEXT, BINARY, CONTINUATION}:
                kind, parts = got.opcode or kind, parts + got.payload
                if got.final:
                    return parts.decode() if kind == TEXT else parts
            elif got.opcode == PING:
                self.send(PONG, got.payload)
        return None


def frame(opcode: int, payload: bytes, *, final: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """The bytes of a frame that a client sends."""
    length = len(payload)
    if length < 126:
        size = bytes([length])
    else:
        size = b"\x7e" + struct.pack("!H", length) if length <= 0xFFFF else b"\x7f" + struct.pack("!Q", length)
    head = bytes([final << 7 | rsv << 4 | opcode, size[0] | masked << 7]) + size[1:]
    if not masked:
        return head + payload
    key = secrets.token_bytes(4)
    repeated = key * (length // 4 + 1)
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:length], "big")
    return head + key + mixed.to_bytes(length, "big")


@dataclass(frozen=True)
class Peer:
    """A way to the server: directly, or through proxies."""

    url: str
    tls: ssl.SSLContext | None = None

    def ask(self, suite: str, method: str = "GET", content: str = "", **query: str) -> httpx.Response:
        """One HTTP request."""
        return httpx.request(
            method,
            f"{self.url}/socket.io/",
            params={"suite": suite, **query},
            content=content or None,
            headers={"Content-Type": "text/plain;charset=UTF-8"} if method == "POST" else {},
            timeout=TIMEOUT,
            verify=self.tls or False,
            trust_env=False,
        )

    @contextmanager
    def upgraded(self, suite: str, **query: str) -> Iterator[Wire | int]:
        """Ask for a WebSocket; the status where it is refused."""
        parts = urlsplit(self.url)
        address = (parts.hostname or "", parts.port or (443 if self.tls else 80))
        with socket.create_connection(address, TIMEOUT) as plain:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = self.tls.wrap_socket(plain, server_hostname=parts.hostname) if self.tls else plain
            target = urlencode({"suite": suite, **query})
            connection.sendall(
                f"GET /socket.io/?{target} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: Upgrade\r\n"
                f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nOrigin: {self.url}\r\n"
                "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()
            )
            read = bytearray()
            while b"\r\n\r\n" not in read:
                more = connection.recv(4096)
                if not more:
                    break
                read += more
            head, _, rest = read.partition(b"\r\n\r\n")
            status = int(bytes([*head.split(b" ", 2), b"0"][1])) if head else 0
            yield Wire(connection, bytearray(rest)) if status == 101 else status


def opened(text: str | bytes | None) -> dict[str, object]:
    """What an open packet says."""
    assert isinstance(text, str), text
    assert text.startswith("0{"), text
    said: dict[str, object] = json.loads(text[1:])
    return said
