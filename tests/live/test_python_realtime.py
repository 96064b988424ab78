"""The checks hold for Frappe's Python realtime servers too: other words, another library, the same path."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from demo.running import RunningBench
from raven_realtime.live.checks import connect, engine, handshake, room, session, upgrade
from raven_realtime.live.target import Credentials
from tests.live.conftest import HEALTHY, StartNginx, another_process


@pytest.fixture(scope="module", params=["python-gevent", "python-asyncio"])
def python_realtime(
    bench: RunningBench, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with another_process(bench, tmp_path_factory.mktemp("python"), request.param) as url:
        yield url


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
    ("header", "value", "code"),
    [("Origin", "http://elsewhere.example", "RT008"), ("X-Frappe-Site-Name", "second.localhost", "RT009")],
    ids=["origin", "namespace"],
)
def test_refusals(nginx: StartNginx, python_realtime: str, header: str, value: str, code: str) -> None:
    location = HEALTHY.replace("$socketio", python_realtime)
    lines = [f"proxy_set_header {header} {value};" if header in line else line for line in location.splitlines()]
    result = asyncio.run(connect.check(nginx("\n".join(lines))))
    assert [finding.code for finding in result.findings] == [code], result


def test_node_is_told_from_python(nginx: StartNginx) -> None:
    assert asyncio.run(engine.server_kind(nginx())) == "Node's Socket.IO"
