"""A tiny real backend: answers every request with what it received, as JSON; echoes after an upgrade."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import dataclass, field


@dataclass
class Backend:
    """Listens on 127.0.0.1, on a port of the system's choice."""

    port: int = 0
    connections: int = 0
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __enter__(self) -> Backend:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)

        async def listen() -> None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
            self.port = server.sockets[0].getsockname()[1]
            ready.set()

        self._loop.run_until_complete(listen())
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *rest = head.rstrip("\r\n").split("\r\n")
        headers = [tuple(entry.split(": ", 1)) if ": " in entry else (entry.rstrip(":"), "") for entry in rest]
        low = {name.lower(): value for name, value in headers}
        await reader.readexactly(int(low.get("content-length", "0")))
        if low.get("connection", "").lower() == "upgrade" and low.get("upgrade") == "websocket":
            writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
            while chunk := await reader.read(65536):
                writer.write(chunk)
            return False
        body = json.dumps({"line": line, "headers": headers}).encode()
        keep = line.endswith("HTTP/1.1") and low.get("connection", "").lower() != "close"
        writer.write(
            b"HTTP/1.1 200 OK\r\nX-Answered-By: backend\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s"
            % (len(body), b"keep-alive" if keep else b"close", body)
        )
        await writer.drain()
        return keep
