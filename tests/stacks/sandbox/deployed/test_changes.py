"""A change of nginx's configuration under 500 live WebSockets drops none; a refused one leaves the old in force."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from raven_realtime.ports import MULTIPLEXER_PORT
from tests.stacks.deployment import Deployment, within

MULTIPLEXER = f"127.0.0.1:{MULTIPLEXER_PORT}"
SOCKETS = 500
TIMEOUT = 6
"""The new proxyTimeout: shorter than Socket.IO's ping interval of 25 s, so that a silent connection shows it."""


class Sockets:
    """Live Socket.IO connections through the multiplexer, on an event loop in a thread of its own."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.open: list[ClientConnection] = []
        self.readers: list[asyncio.Task[None]] = []

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    async def connect(self, count: int) -> None:
        for begin in range(0, count, 50):
            self.open += await asyncio.gather(*(open_socket() for _ in range(begin, min(begin + 50, count))))
        self.readers = [asyncio.create_task(answer_pings(each)) for each in self.open]

    async def close(self) -> None:
        for reader in self.readers:
            reader.cancel()
        await asyncio.gather(*self.readers, *(each.close() for each in self.open), return_exceptions=True)

    async def answering(self) -> int:
        """Ask each from end to end, by a WebSocket ping that Node answers; return how many do."""

        async def one(connection: ClientConnection) -> bool:
            try:
                await asyncio.wait_for(await connection.ping(), 20)
            except (OSError, TimeoutError, WebSocketException):
                return False
            return True

        return sum(await asyncio.gather(*map(one, self.open)))


async def open_socket() -> ClientConnection:
    """Open a connection and join the default namespace, so that Socket.IO keeps it."""
    connection = await connect(f"ws://{MULTIPLEXER}/socket.io/?EIO=4&transport=websocket", ping_interval=None)
    assert str(await connection.recv()).startswith('0{"sid"')
    await connection.send("40")
    assert str(await connection.recv()).startswith("40")
    return connection


async def answer_pings(connection: ClientConnection) -> None:
    async for message in connection:
        if message == "2":
            await connection.send("3")


@pytest.fixture
def sockets(sandbox: Deployment) -> Iterator[Sockets]:
    held = Sockets()
    held.thread.start()
    try:
        held.run(held.connect(SOCKETS))
        yield held
    finally:
        held.run(held.close())
        held.loop.call_soon_threadsafe(held.loop.stop)
        held.thread.join(10)
        held.loop.close()


def posted(megabytes: int) -> int:
    """The status of an upload of that size to the multiplexer."""
    body = b"x" * (megabytes << 20)
    return httpx.post(f"http://{MULTIPLEXER}/api/method/ping", content=body, timeout=20, trust_env=False).status_code


async def seconds_until_closed() -> float:
    """How long a new connection lives that says nothing."""
    connection = await open_socket()
    began = time.monotonic()
    await asyncio.wait_for(connection.wait_closed(), TIMEOUT * 3)
    return time.monotonic() - began


def test_a_new_timeout_and_body_size_reach_new_connections_and_drop_none(sandbox: Deployment, sockets: Sockets) -> None:
    assert posted(2) == 200
    operations = sandbox.up({"proxyTimeout": TIMEOUT, "clientMaxBodySize": "1m"}).operations()
    assert operations["sandbox-multiplexer-nginx"] == "update"
    assert "sandbox-tunnel-nginx" not in operations
    assert posted(2) == 413
    assert TIMEOUT - 1 < sockets.run(seconds_until_closed()) < TIMEOUT + 4
    assert sockets.run(sockets.answering()) == SOCKETS
    within(5, sandbox.ailments)

    text = sandbox.copy.places.nginx_conf("multiplexer").read_text()
    run = sandbox.up({"clientMaxBodySize": "99999999999999999999g"}, expect=1)
    said = "\n".join(run.diagnostics("error"))
    assert '"client_max_body_size" directive invalid value in' in said
    assert sandbox.copy.places.nginx_conf("multiplexer").read_text() == text
    assert sandbox.is_live("multiplexer", text)
    assert not [name for name in run.operations() if name.startswith("sandbox-check-")]
    assert sandbox.ailments() == []

    sandbox.up()
    assert posted(2) == 200
    assert sockets.run(sockets.answering()) == SOCKETS
    assert sandbox.up().operations() == {}
