"""Traefik's version by its API: those with known faults, others, and answers that are none."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from raven_realtime.live import Outcome, Result
from raven_realtime.live.checks import versions
from raven_realtime.live.inside import Inside
from raven_realtime.live.target import Target


@contextmanager
def serving(body: bytes) -> Iterator[str]:
    """Answer every request with the body, and give the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body if self.path == "/api/version" else b"another path")

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def asked(body: bytes) -> Result:
    with serving(body) as url:
        return asyncio.run(versions.check(Target.parse("127.0.0.1:1"), Inside(traefik_api=url)))


@pytest.mark.parametrize(
    ("version", "codes"),
    [("2.11.1", ["RT023"]), ("3.0.0-rc4", ["RT023"]), ("3.2.4", ["RT024"]), ("3.6.12", [])],
)
def test_version(version: str, codes: list[str]) -> None:
    told = asked(json.dumps({"Version": version, "Codename": "x"}).encode())
    assert [found.code for found in told.findings] == codes
    assert told.facts == {"traefik": version, "stack": "traefik"}


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b"null", b"[" * 100_000])
def test_an_answer_that_is_no_version(body: bytes) -> None:
    told = asked(body)
    assert told.outcome is Outcome.NOT_CHECKED
    assert told.summary.startswith("Traefik's API does not say its version")


def test_an_endless_answer_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions, "LARGEST_PAGE", 1000)
    told = asked(json.dumps({"Version": "3.6.12", "Padding": "x" * 2000}).encode())
    assert told.outcome is Outcome.NOT_CHECKED
    assert "more than 1000 bytes" in told.summary
