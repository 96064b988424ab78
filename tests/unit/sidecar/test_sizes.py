"""The sidecar's limits against what its own configuration starts, reload upon reload."""

from __future__ import annotations

import pytest

from raven_realtime.proxies.nginx.parse import parse_text
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar
from raven_realtime.sidecar import sizes
from raven_realtime.sidecar.pieces import Capacity


def rendered(sockets: int) -> dict[str, tuple[str, ...]]:
    """Return the arguments of the main context's and the events block's directives of a rendered sidecar."""
    text = sidecar.render(sidecar.Sidecar((ServedHost.parse("chat.example.com"),), capacity=Capacity(sockets)))
    top = parse_text(text)
    events = next(directive for directive in top if directive.name == "events")
    return {directive.name: directive.args for directive in (*top, *(events.block or ()))}


@pytest.mark.parametrize("sockets", [100, 2_000, 10_000, 500_000])
def test_the_limits_hold_what_ten_reloads_with_live_sockets_leave(sockets: int) -> None:
    found = rendered(sockets)
    workers = int(found["worker_processes"][0])
    processes = 1 + workers * (1 + sizes.RELOADS)
    assert processes + sizes.ASKING <= sizes.PIDS
    assert sizes.DRAINING + workers == processes - 1 - workers, "one more reload fits beside the most that may drain"
    slots = int(found["worker_connections"][0]) * sizes.PER_CONNECTION_SLOT * (processes - 1)
    assert slots + sockets * sizes.PER_SOCKET <= sizes.memory(sockets) * sizes.MIB
    assert int(found["worker_rlimit_nofile"][0]) == sizes.files(sockets)


def test_what_was_derived_is_said() -> None:
    assert sizes.explanation(2_000) == (
        "2000 sockets: worker_connections 4512 (two for each proxied client), 5024 files, memory limit 125 MiB, "
        "28 processes (20 KiB a socket, and room for the old workers of 10 reloads to drain)"
    )
