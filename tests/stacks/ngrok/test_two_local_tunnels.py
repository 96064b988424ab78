"""Option B without an account: two public ports on loopback, the second with the first one's Host."""

from __future__ import annotations

from pathlib import Path

from raven_realtime.ports import FALLBACK_TLS_PORT, SOCKET_TUNNEL_PORT
from tests import golden
from tests.stacks.checkout import checkout
from tests.stacks.deployment import QUICK
from tests.stacks.machine import left_as_found, machine

GOLDEN = Path(__file__).parent / "golden"


def test_two_local_tunnels(tmp_path: Path) -> None:
    copy = checkout(tmp_path / "c")
    with left_as_found():
        before = machine().ports
        stack = copy.stack(tmp_path / "s", {**QUICK, "topology": "two-tunnels", "publicPort": FALLBACK_TLS_PORT})
        run = stack.up()
        (warned,) = (said for said in run.diagnostics("warning") if "topology two-tunnels" in said)
        golden.hold(GOLDEN / "two_tunnels.txt", warned + "\n")
        outputs = stack.outputs()
        assert outputs["public_url"] == f"https://localhost:{FALLBACK_TLS_PORT}"
        assert outputs["socket_url"] == f"https://localhost:{SOCKET_TUNNEL_PORT}"
        assert list(outputs["checks"]) == ["connect", "event", "origin", "public", "upgrade"]
        # Socket.IO's URL has a port of its own here, which is worth a word (RT017)
        assert {name for name, said in outputs["checks"].items() if not said.startswith("✓")} == {"public"}
        assert outputs["checks"]["public"].startswith("! handshake (public)  200, open packet")
        stack.destroy()
        assert machine().ports == before
    assert not copy.places.root.exists()
