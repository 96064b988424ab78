"""A realtime server as Frappe's Python one: python-socketio with Frappe's checks in its order and words.

Run as a program: ``python -m tests.live.python_realtime PORT SITE``. Sources: frappe/realtime/auth.py and handlers.py.
"""

from __future__ import annotations

import sys
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import socketio
from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refusal

EITHER = "Missing cookie and authorization header. Either one needed."


def hostname(address: str) -> str:
    return (urlsplit(address).hostname if "://" in address else address.split(":", maxsplit=1)[0]) or ""


def server(site: str) -> web.Application:
    """An application that accepts anybody with a ``sid``, and answers Raven's question for typers."""
    realtime: Any = socketio.AsyncServer(async_mode="aiohttp", cors_allowed_origins="*", namespaces="*")

    async def connect(namespace: str, sid: str, environ: dict[str, str], auth: object = None) -> None:
        if namespace.lstrip("/") != environ.get("HTTP_X_FRAPPE_SITE_NAME", site):
            raise Refusal("Invalid namespace")
        if hostname(environ.get("HTTP_HOST", "")) != hostname(environ.get("HTTP_ORIGIN", "")):
            raise Refusal("Invalid origin")
        cookie = environ.get("HTTP_COOKIE", "")
        if not cookie and "HTTP_AUTHORIZATION" not in environ:
            raise Refusal(EITHER)
        if "sid" not in SimpleCookie(cookie):
            raise Refusal("No authentication method used. Use cookie or authorization header.")

    async def typers(namespace: str, sid: str, channel: str) -> None:
        await realtime.emit("raven_channel_typers", {"channel": channel, "users": []}, to=sid, namespace=namespace)

    realtime.on("connect", connect, namespace="*")
    realtime.on("raven_channel_get_typers", typers, namespace="*")
    application = web.Application()
    realtime.attach(application)
    return application


if __name__ == "__main__":
    web.run_app(server(sys.argv[2]), host="127.0.0.1", port=int(sys.argv[1]), print=None)
