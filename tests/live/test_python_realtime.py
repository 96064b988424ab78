"""The checks hold for Frappe's Python realtime server too: other words, another library, the same path."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from demo.processes import ROOT
from demo.running import RunningBench, free_ports
from raven_realtime.live.checks import connect, engine, handshake, room, session, upgrade
from raven_realtime.live.target import Credentials
from tests.live.conftest import HEALTHY, SITE, StartNginx


@pytest.fixture(scope="module")
def python_realtime() -> Iterator[str]:
    port = free_ports().socketio
    process = subprocess.Popen([sys.executable, "-m", "tests.live.python_realtime", str(port), SITE], cwd=ROOT)
    deadline = time.monotonic() + 20
    while socket.socket().connect_ex(("127.0.0.1", port)):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def test_healthy_path(
    nginx: StartNginx, python_realtime: str, credentials: Credentials, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upgrade, "JOIN_SECONDS", 0.5)
    target = nginx(HEALTHY.replace("$socketio", python_realtime))
    opened = asyncio.run(handshake.check(target))
    assert opened.ok, opened
    compared = asyncio.run(engine.check(target, opened))
    assert compared.facts["server"] == "Python's Socket.IO"
    for result in (
        asyncio.run(session.check(target)),
        asyncio.run(upgrade.check(target, 1)),
        asyncio.run(connect.check(target)),
        asyncio.run(room.check(replace(target, credentials=credentials), "general")),
    ):
        assert result.ok, result


@pytest.mark.parametrize(
    ("here", "there", "code"),
    [("$asked_from", "$http_origin", "RT008"), ("raven.localhost", "second.localhost", "RT009")],
    ids=["origin", "namespace"],
)
def test_refusals(nginx: StartNginx, python_realtime: str, here: str, there: str, code: str) -> None:
    target = nginx(HEALTHY.replace("$socketio", python_realtime).replace(here, there))
    result = asyncio.run(connect.check(target))
    assert [finding.code for finding in result.findings] == [code], result


def test_node_is_told_from_python(bench: RunningBench, nginx: StartNginx) -> None:
    assert asyncio.run(engine.server_kind(nginx())) == "Node's Socket.IO"
