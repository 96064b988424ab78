"""Upstreams that keep what they get."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Got:
    """A request as an upstream got it."""

    port: int
    line: str
    headers: tuple[tuple[str, str], ...]


@dataclass
class Upstreams:
    """Servers on loopback: 200, or 101 where an upgrade is asked for; 403 under /deny."""

    count: int
    ports: list[int] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    """What came since it was last emptied."""

    def __enter__(self) -> Upstreams:
        self._listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(self.count)]
        self.ports = [listener.getsockname()[1] for listener in self._listeners]
        for listener in self._listeners:
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self._listeners:
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        port = connection.getsockname()[1]
        rest = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in rest:
                    try:
                        chunk = connection.recv(65536)
                    except OSError:
                        return
                    if not chunk:
                        return
                    rest += chunk
                head, _, rest = rest.partition(b"\r\n\r\n")
                line, *pairs = head.decode("utf-8", "surrogateescape").split("\r\n")
                parted = (pair.partition(":") for pair in pairs)
                headers = tuple((name, value.strip()) for name, _, value in parted)
                self.got.append(Got(port, line, headers))
                upgrade = next((value for name, value in headers if name.lower() == "upgrade"), "")
                if upgrade and "/auth" not in line:
                    answer = f"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: {upgrade}\r\n\r\n"
                    connection.sendall(answer.encode())
                    return
                status = "403 Forbidden" if "/deny" in line else "200 OK"
                answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nRemote-User: ann\r\n\r\n"
                connection.sendall(answer.encode())
