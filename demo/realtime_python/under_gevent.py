"""The gevent server of mid-2026: python-socketio on gevent's WSGI server, the web asked with requests."""

from __future__ import annotations

import socket
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import gevent
import requests
import socketio
from gevent.pywsgi import WSGIServer
from geventwebsocket.handler import WebSocketHandler
from redis import Redis

from demo.realtime_python.options import Options
from demo.realtime_python.realtime import EVENTS, Realtime, logger

CALLBACK_SECONDS = 10


class Tolerant(socketio.manager.Manager):  # type: ignore[misc]
    """Answers a second CONNECT to the same namespace as the first, as Frappe's does."""

    def pre_connect(self, eio_sid: str, namespace: str) -> str | None:
        """Give the id of a new connection, or of the one that is there."""
        known: str | None = super().pre_connect(eio_sid, namespace) or self.sid_from_eio_sid(eio_sid, namespace)
        return known

    def connect(self, sid: str, namespace: str) -> str | None:
        """Finish a new connection."""
        if self.is_connected(sid, namespace):
            return sid
        known: str | None = super().connect(sid, namespace)
        return known


def serve(bench: Path, generation: str) -> None:
    """Serve for ever."""
    options = Options.read(bench, generation)
    server = socketio.Server(
        async_mode="gevent",
        cors_allowed_origins="*",
        cors_credentials=True,
        namespaces="*",
        client_manager=Tolerant(),
        ping_interval=options.ping_interval,
        ping_timeout=options.ping_timeout,
        logger=logger,
        engineio_logger=logger,
    )
    realtime = Realtime(options, server, Redis.from_url(options.redis), _get, gevent.sleep)
    server.on("connect", lambda namespace, sid, environ, *_: _run(realtime.connect(namespace, sid, environ)), "*")
    server.on("disconnect", lambda namespace, sid, *_: _run(realtime.disconnect(namespace, sid)), "*")
    for event in EVENTS:
        server.on(event, _handler(realtime, event), "*")
    gevent.spawn(_run, realtime.bridge())
    application = socketio.WSGIApp(server, wsgi_app=_health)
    listener = _unix(options.unix_socket) if options.unix_socket else (options.host, options.port)
    print(f"Realtime service listening on: {options.unix_socket or options.port}", flush=True)
    WSGIServer(listener, application, handler_class=WebSocketHandler, log=None, error_log=logger).serve_forever()


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine in which nothing waits for an event loop."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("a coroutine waited for an event loop under gevent")


def _handler(realtime: Realtime, event: str) -> Callable[..., None]:
    return lambda namespace, sid, *data: _run(realtime.handle(event, namespace, sid, *data))


def _get(url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> requests.Response:
    return requests.get(url, params=dict(query), headers=dict(headers), timeout=CALLBACK_SECONDS)


def _unix(path: str) -> socket.socket:
    Path(path).unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(256)
    return listener


def _health(environ: Mapping[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    known = environ.get("PATH_INFO") == "/health"
    start_response("200 OK" if known else "404 Not Found", [("Content-Type", "text/plain")])
    return [b"ok" if known else b"not found"]
