"""Asking a Traefik API and a Docker host that are not there, or are something else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from raven_realtime.docker_host import read_containers
from raven_realtime.problem import Problem
from raven_realtime.proxies.traefik.api import read_api
from raven_realtime.proxies.unreadable import Unreadable


@contextmanager
def answering(status: int, body: bytes) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://user:secret@127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        pytest.param(404, b"", "answers 404. Is the API switched on", id="not-switched-on"),
        pytest.param(401, b"", "answers 401. Give the user and password", id="password"),
        pytest.param(200, b"<html>", "not a listing of Traefik's", id="html"),
        pytest.param(200, b'{"a": 1}', "not a listing of Traefik's", id="object"),
        pytest.param(200, b"[1]", "not a listing of Traefik's", id="numbers"),
        pytest.param(200, b'[{"name": "a", "priority": "x"}]', "not a listing of Traefik's", id="odd-types"),
        pytest.param(200, b"[" * 100_000, "not a listing of Traefik's", id="deep"),
    ],
)
def test_what_is_not_the_api(status: int, body: bytes, message: str) -> None:
    with answering(status, body) as url, pytest.raises(Unreadable) as caught:
        read_api(url)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_proxy_in_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with answering(200, b"[]") as url:
        assert read_api(url).routers == {}


def test_nothing_listens() -> None:
    with pytest.raises(Unreadable, match="does not answer: ConnectError"):
        read_api("http://127.0.0.1:9")


def test_no_docker_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="no docker program"):
        read_containers()
