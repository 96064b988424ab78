"""``--hold``: the socket stays open, and the pings that are due come."""

from __future__ import annotations

import asyncio
import json

import pytest

from demo.running import RunningBench
from raven_realtime.live.answer import OpenPacket
from raven_realtime.live.checks import hold, upgrade
from raven_realtime.live.checks.upgrade import pings_due
from tests.live import strange_servers as strange
from tests.live.conftest import SITE, StartNginx, cli


@pytest.mark.parametrize(
    ("interval", "timeout", "held", "due"),
    [
        (25_000, 20_000, 2.5, 0),
        (25_000, 20_000, 45, 0),
        (25_000, 20_000, 46, 1),
        (25_000, 20_000, 90, 3),
        (300, 200, 4, 3),
        (300, 20_000, 4, 0),
    ],
)
def test_pings_due(interval: int, timeout: int, held: float, due: int) -> None:
    assert pings_due(OpenPacket("sid", interval, timeout, 1, ("websocket",)), held) == due


SHORT = {"PING_INTERVAL": 500, "PING_TIMEOUT": 500}
"""Milliseconds."""


def test_three_pings_of_a_real_server(bench: RunningBench, nginx: StartNginx) -> None:
    target = nginx()
    bench.stop("socketio")
    bench.start("socketio", {f"REALTIME_{name}": str(milliseconds) for name, milliseconds in SHORT.items()})
    try:
        result = cli("doctor", target.origin, "--site", SITE, "--hold", "4600ms", "-o", "json")
    finally:
        bench.stop("socketio")
        bench.start("socketio")
    assert result.returncode == 0, result
    held = next(found for found in json.loads(result.stdout)["results"] if found["hop"] == "hold")
    assert held["outcome"] == "pass"
    assert held["facts"]["pings"] >= 3


@pytest.mark.parametrize(("joins_after", "codes"), [(1.0, []), (60.0, ["RT023"])], ids=["joins", "never joins"])
def test_a_client_that_is_held_joins_a_namespace(
    bench: RunningBench, nginx: StartNginx, monkeypatch: pytest.MonkeyPatch, joins_after: float, codes: list[str]
) -> None:
    """Socket.IO closes who has joined none after 45 s, here 1.5: that is no proxy's fault."""
    monkeypatch.setattr(upgrade, "JOIN_SECONDS", joins_after)
    target = nginx()
    bench.stop("socketio")
    bench.start("socketio", {"REALTIME_CONNECT_TIMEOUT": "1500"})
    try:
        held = asyncio.run(hold.check(target, 2.5))
    finally:
        bench.stop("socketio")
        bench.start("socketio")
    assert [found.code for found in held.findings] == codes, held


def test_a_server_that_never_pings() -> None:
    with strange.serving(strange.never_pings) as port:
        result = cli("check", "upgrade", f"http://127.0.0.1:{port}", "--stay", "4")
        walk = cli("doctor", f"http://127.0.0.1:{port}", "--hold", "4s", "-o", "json")
    assert (result.returncode, "0 of 3 pings came within 4 s" in result.stderr) == (1, True), result
    assert "RT022" in result.stderr
    assert json.loads(walk.stdout)["verdict"]["code"] == "RT022", walk
