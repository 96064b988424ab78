"""Faults of the parts: each comes back by itself, and the public handshake with it. No `pulumi up` helps here."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from demo.server import Server
from tests.stacks.prod.production import ANSWERS_WITHIN, HANDSHAKE, HOST, Production, get, handshake, within


def kill_sidecar(prod: Production) -> None:
    """Kill nginx's master from the host, as the kernel would: Docker counts that as a crash."""
    killed = int(prod.inspect(".State.Pid"))
    os.kill(killed, signal.SIGKILL)
    within(20, lambda: bool(prod.containers()) and prod.inspect(".State.Pid") not in {0, killed})


def kill_part(part: str) -> Callable[[Production], None]:
    """Return what kills a part of the server and waits until supervisor has brought it back."""

    def kill(prod: Production) -> None:
        killed = prod.server.pid(part)
        os.kill(killed, signal.SIGKILL)
        within(20, lambda: prod.server.supervisor.pids().get(part) not in {None, killed})
        prod.server.wait_ready(part)

    return kill


def restart(part: str) -> Callable[[Production], None]:
    """Return what restarts a part of the server."""
    return lambda prod: prod.server.restart(part)


def test_an_outage_of_socketio_is_a_502_and_the_route_stays(prod: Production) -> None:
    """The container stays healthy, so that Traefik keeps the route; without it, Frappe's web would answer 404."""
    prod.server.stop("socketio")
    try:
        assert statuses(prod.server, 8.0) == {502}
        assert prod.inspect(".State.Health.Status") == "healthy"
    finally:
        prod.server.start("socketio")
    within(ANSWERS_WITHIN, lambda: handshake(prod.server) == "open")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(kill_sidecar, id="the sidecar's PID 1 killed"),
        pytest.param(kill_part("socketio"), id="Socket.IO killed"),
        pytest.param(restart("socketio"), id="Socket.IO restarted"),
        pytest.param(restart("traefik"), id="Traefik restarted"),
        pytest.param(restart("dockerd"), id="Docker daemon restarted"),
    ],
)
def test_the_public_handshake_is_back_with_the_part(prod: Production, fault: Callable[[Production], None]) -> None:
    assert handshake(prod.server) == "open"
    container = prod.container()
    fault(prod)
    within(ANSWERS_WITHIN, lambda: handshake(prod.server) == "open")
    assert prod.containers(running=False) == [container]


def statuses(server: Server, seconds: float) -> set[int]:
    """Return every status that the public handshake has within this time."""
    seen, until = set(), time.monotonic() + seconds
    while time.monotonic() < until:
        seen.add(get(server, f"https://{HOST}{HANDSHAKE}")[0])
        time.sleep(0.2)
    return seen
