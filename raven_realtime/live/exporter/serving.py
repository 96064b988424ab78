"""The exporter's HTTP server: ``/metrics`` of what is walked by itself, ``/probe`` of what is asked for."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from raven_realtime.live.exporter.probe import SCRAPE_SECONDS, Prober
from raven_realtime.problem import Problem

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class _Server(ThreadingMixIn, WSGIServer):
    """One thread a request: a walk takes seconds."""

    daemon_threads = True


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the base class names it so)
        """Say nothing of each scrape."""


def application(registry: CollectorRegistry, prober: Prober) -> Callable[..., Iterable[bytes]]:
    """Return what answers: 200 with metrics, 400 with what is wrong with a probe, 404 for any other path."""

    def answer(environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        if path == "/metrics":
            return _said(start, "200 OK", generate_latest(registry), CONTENT_TYPE_LATEST)
        if path != "/probe":
            said = b"raven-realtime exporter: /metrics, /probe?target=https://chat.example.com\n"
            return _said(start, "200 OK" if path == "/" else "404 Not Found", said)
        try:
            within = float(environ.get("HTTP_X_PROMETHEUS_SCRAPE_TIMEOUT_SECONDS") or SCRAPE_SECONDS)
            found = prober.probe(environ.get("QUERY_STRING", ""), within)
        except (Problem, ValueError) as problem:
            return _said(start, "400 Bad Request", f"{problem}\n".encode())
        return _said(start, "200 OK", found, CONTENT_TYPE_LATEST)

    return answer


def _said(start: StartResponse, status: str, body: bytes, kind: str = "text/plain; charset=utf-8") -> list[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def serve(registry: CollectorRegistry, prober: Prober, listen: str) -> Thread:
    """Serve in a thread, and return it.

    Raises:
        Problem: no address, or it cannot be listened on.
    """
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdigit() or not 0 < int(port) < 65_536:
        raise Problem(f"--listen {listen!r} is no address and port. Example: --listen 127.0.0.1:9469")
    kind = _Server6 if host.startswith("[") else _Server
    try:
        server = make_server(host.strip("[]") or "0.0.0.0", int(port), application(registry, prober), kind, _Quiet)
    except OSError as error:
        raise Problem(f"--listen {listen} cannot be used: {error.strerror}. Choose another port.") from None
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    return thread
