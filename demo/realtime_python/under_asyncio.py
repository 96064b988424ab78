"""The asyncio server of August 2026: python-socketio under uvicorn, alone or with the web in one process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
import redis.asyncio
import socketio
import uvicorn
from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from flask import Flask
from werkzeug.test import Client

from demo.realtime_python.options import Options
from demo.realtime_python.realtime import EVENTS, Get, Realtime, logger
from demo.web import create_app

CALLBACK_SECONDS = 10


class Tolerant(socketio.AsyncManager):  # type: ignore[misc]
    """Answers a second CONNECT to the same namespace as the first, as Frappe's does."""

    async def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """Give the id of a new connection, or of the one that is there."""
        known: str | None = await super().pre_connect(eio_sid, namespace) or self.sid_from_eio_sid(eio_sid, namespace)
        return known

    async def connect(self, sid: str, namespace: str) -> str | None:
        """Finish a new connection."""
        if self.is_connected(sid, namespace):
            return sid
        known: str | None = await super().connect(sid, namespace)
        return known


class _Forgetful(CookieJar):
    """Keeps no cookie: one client serves every connection."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Keep nothing."""


def serve(bench: Path, generation: str) -> None:
    """Serve until a signal ends it."""
    options = Options.read(bench, generation)
    server = socketio.AsyncServer(
        async_mode="asgi",
        cors_allowed_origins="*",
        cors_credentials=True,
        namespaces="*",
        client_manager=Tolerant(),
        ping_interval=options.ping_interval,
        ping_timeout=options.ping_timeout,
        logger=logger,
        engineio_logger=logger,
    )
    web = create_app(str(bench)) if options.embedded else None
    get = _inward(web) if web else _outward()
    realtime = Realtime(options, server, redis.asyncio.from_url(options.redis), get, asyncio.sleep)

    async def connect(namespace: str, sid: str, environ: Mapping[str, str], *_: object) -> None:
        await realtime.connect(namespace, sid, environ)

    async def disconnect(namespace: str, sid: str, *_: object) -> None:
        await realtime.disconnect(namespace, sid)

    server.on("connect", connect, "*")
    server.on("disconnect", disconnect, "*")
    for event in EVENTS:
        server.on(event, _handler(realtime, event), "*")

    running: set[asyncio.Task[None]] = set()

    async def start() -> None:
        running.add(asyncio.create_task(realtime.bridge()))

    application = socketio.ASGIApp(
        server, other_asgi_app=WSGIMiddleware(cast("WSGIApp", web)) if web else None, on_startup=start
    )
    where: dict[str, Any] = {"host": options.host, "port": options.port}
    if options.unix_socket:
        Path(options.unix_socket).unlink(missing_ok=True)
        where = {"uds": options.unix_socket}
    print(f"Realtime service listening on: {options.unix_socket or options.port}", flush=True)
    uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, **where)).run()


def _handler(realtime: Realtime, event: str) -> Callable[..., Coroutine[Any, Any, None]]:
    async def handle(namespace: str, sid: str, *data: str) -> None:
        await realtime.handle(event, namespace, sid, *data)

    return handle


def _outward() -> Get:
    # Made at its first use: it belongs to the event loop that runs then.
    clients: list[httpx.AsyncClient] = []

    async def get(url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> httpx.Response:
        if not clients:
            clients.append(httpx.AsyncClient(timeout=CALLBACK_SECONDS, follow_redirects=True, cookies=_Forgetful()))
        return await clients[0].get(url, params=dict(query), headers=dict(headers))

    return get


class _Inside:
    """The answer of the web in this process."""

    def __init__(self, status: int, body: str) -> None:
        self.status, self.body = status, body

    def raise_for_status(self) -> None:
        """Raise where the status says so."""
        if self.status >= 400:
            raise ValueError(f"the web answered {self.status}")

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body or "{}")


def _inward(web: Flask) -> Get:
    client = Client(web, use_cookies=False)

    def call(path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> _Inside:
        answer = client.get(path, query_string=dict(query), headers=dict(headers), follow_redirects=True)
        return _Inside(answer.status_code, answer.get_data(as_text=True))

    async def get(url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> _Inside:
        return await asyncio.to_thread(call, urlsplit(url).path, query, headers)

    return get
