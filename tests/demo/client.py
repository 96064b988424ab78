"""A Socket.IO client on a demo bench that writes down every event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import socketio

from demo.running import RunningBench
from tests.demo.conftest import SITE

Heard = list[tuple[str, object]]


class Client:
    """A signed-in client on one site's namespace that writes down every event."""

    def __init__(self, socket: socketio.AsyncClient, namespace: str) -> None:
        self.socket, self.namespace, self.heard = socket, namespace, Heard()

    async def emit(self, event: str, *data: str) -> None:
        await self.socket.emit(event, data, namespace=self.namespace)

    async def hears(self, event: str) -> object:
        for _ in range(40):
            for name, data in self.heard:
                if name == event:
                    return data
            await asyncio.sleep(0.05)
        raise AssertionError(f"no {event} within 2 s; heard {self.heard}")


@asynccontextmanager
async def client(
    bench: RunningBench,
    sid: str,
    *,
    site: str = SITE,
    transport: str = "polling",
    origin: str = "",
    url: str = "",
) -> AsyncIterator[Client]:
    socket = socketio.AsyncClient(reconnection=False)
    each = Client(socket, f"/{site}" if bench.bench.generation.namespaces else "/")
    socket.on("*", lambda event, *data: each.heard.append((event, data[0] if data else None)), namespace=each.namespace)
    headers = {"Origin": origin or bench.web_url, "Cookie": f"sid={sid}"}
    await socket.connect(
        url or origin or bench.socketio_url,
        headers=headers,
        transports=[transport],
        namespaces=[each.namespace],
        wait_timeout=5,
    )
    try:
        yield each
    finally:
        await socket.disconnect()
