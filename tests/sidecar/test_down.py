"""A throw-away server goes without a trace, whatever happened to it before."""

from __future__ import annotations

import os
import signal

from tests.sidecar.by_hand import run_by_hand
from tests.sidecar.conftest import HOST, standing
from tests.sidecar.test_server import handshake_answers, within
from tests.sidecar.traces import traces_of


def test_down_leaves_nothing_even_when_supervisor_was_killed() -> None:
    with standing("down") as server:
        run_by_hand(server, HOST, "frappe-socketio")
        assert within(20, lambda: handshake_answers(server))
        traces = traces_of(server)
        assert all(traces.values()), traces
        os.kill(int(server.layout.places.supervisor_pid.read_text()), signal.SIGKILL)
        server.down()
        assert not any(traces_of(server).values()), traces_of(server)
        server.down()
