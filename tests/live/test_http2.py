"""WebSockets over HTTP/2: offered and accepted, offered and refused, not offered; Node's own HTTP/2 server."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.running import free_ports
from raven_realtime.live.checks import http2
from raven_realtime.live.target import Target
from tests.live import strange_servers as strange
from tests.live.test_strange_servers import answers, certificate

SCRIPT = Path(__file__).with_name("http2_server.js")


@contextlib.contextmanager
def serving(folder: Path, offer: str, answer: str) -> Iterator[int]:
    certificate(folder)
    port = free_ports().web
    files = [str(folder / "key.pem"), str(folder / "cert.pem")]
    process = subprocess.Popen(["node", str(SCRIPT), str(port), *files, offer, answer])
    try:
        deadline = time.monotonic() + 20
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def asked(port: int) -> tuple[str, list[str]]:
    target = Target.parse(f"https://chat.example.com:{port}", resolve="127.0.0.1", insecure=True, timeout=1.5)
    result = asyncio.run(http2.check(target))
    return result.summary, [finding.code for finding in result.findings]


TABLE = {
    "accepted": ("yes", "200", "a WebSocket over HTTP/2 is accepted", []),
    "not offered": ("no", "404", "no WebSockets over HTTP/2 are offered, and browsers use HTTP/1.1 for them", []),
    "refused": ("yes", "404", "extended CONNECT to /socket.io/ → 404", ["RT024"]),
    "a server error": ("yes", "502", "extended CONNECT to /socket.io/ → 502", ["RT024"]),
    "reset": ("yes", "reset", "extended CONNECT to /socket.io/ → stream reset, PROTOCOL_ERROR", ["RT024"]),
    "silent": ("yes", "silent", "a WebSocket over HTTP/2 was offered and not answered within 2 s", ["RT024"]),
}


@pytest.mark.parametrize(("offer", "answer", "said", "codes"), TABLE.values(), ids=TABLE.keys())
def test_node(tmp_path: Path, offer: str, answer: str, said: str, codes: list[str]) -> None:
    with serving(tmp_path, offer, answer) as port:
        assert asked(port) == (said, codes)


def test_a_server_without_http2(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    with strange.serving(answers, context) as port:
        assert asked(port) == ("the server speaks HTTP/1.1 only, and browsers upgrade over that", [])


def test_garbage_after_http2_was_agreed(tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    context.set_alpn_protocols(["h2"])
    with strange.serving(strange.garbage, context) as port:
        assert asked(port)[1] == ["RT024"]
