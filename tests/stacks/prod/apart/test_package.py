"""The packaged component, deployed by a program of its own from a copy outside the repository."""

from __future__ import annotations

from pathlib import Path

from demo.server import Server
from demo.server.traefik import RESOLVER
from raven_realtime.sidecar import labels
from tests.engine import Stack
from tests.stacks.package.taken import take
from tests.stacks.prod.production import SECOND_HOST, SECOND_SITE, engine_on, facts, handshake

CONFIG = ("image", "publicAddress", "caFile")


def test_the_example_deploys_changes_nothing_twice_and_leaves_nothing(server: Server, tmp_path: Path) -> None:
    program = take(tmp_path / "taken") / "examples" / "sidecar"
    stack = Stack(tmp_path / "state", program, environment={"DOCKER_HOST": ""}, before=engine_on(server))
    known = {key: facts(server)[key] for key in CONFIG}
    for key, value in {**known, "host": f"{SECOND_HOST}={SECOND_SITE}", "certResolver": RESOLVER}.items():
        stack.set_config(key, value)
    try:
        stack.up()
        checks = stack.outputs()["checks"]
        assert checks.pop("event").startswith("? event"), "without a service account it is not checked, and says so"
        assert set(checks) == {"host", "sidecar", "public", "certificate", "upgrade", "connect"}
        assert all(line.startswith("✓") for line in checks.values()), checks
        assert handshake(server, SECOND_HOST) == "open"
        assert stack.up().operations() == {}
    finally:
        stack.destroy()
    assert server.docker("ps", "--all", "--quiet", "--filter", f"label={labels.STACK}") == ""
    assert server.docker("volume", "ls", "--quiet", "--filter", f"label={labels.STACK}") == ""
