"""The stack from a laptop: the engine outside, the server reached by ssh alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.server import Server
from tests.engine import Run
from tests.stacks.checkout import Checkout
from tests.stacks.prod.production import SECOND_HOST, SECOND_SITE, Production, from_laptop, handshake

CHECKS = ["host", "sidecar", "handshake", "handshake", "upgrade", "connect", "event"]
"""What each check's line begins with."""


def brought(server: Server) -> list[Path]:
    """Return the folders of scripts in the home of the user that the server lets in."""
    return sorted(server.layout.home.glob(".raven-realtime-*"))


@pytest.fixture(scope="module")
def remote(server: Server, copy: Checkout) -> Iterator[tuple[Production, Run]]:
    """The stack deployed over ssh, asking the host's gateway, and what its first `up` did; it goes without a trace."""
    bench = {"benchPath": str(server.layout.bench), "benchCommand": "env bench"}
    made = from_laptop(server, copy, "laptop", **bench, upstream="host-gateway:9000")
    try:
        run = made.up()
        assert brought(server) == [], "nothing is brought to the server"
        yield made, run
    finally:
        made.stack.destroy()
    assert made.containers(running=False) == []
    assert made.volumes() == []
    assert brought(server) == []


def test_the_checks_ran_on_the_server_and_passed(remote: tuple[Production, Run]) -> None:
    made, _ = remote
    checks = made.stack.outputs()["checks"]
    assert set(checks) == {"host", "sidecar", "public", "certificate", "upgrade", "connect", "event"}
    assert checks.pop("event").startswith("? event"), "without a service account it is not checked, and says so"
    assert all(line.startswith("✓") for line in checks.values()), checks
    types = {name: item["type"] for name, item in made.stack.resources().items()}
    asked = ("inward-host", "settle", "check-public")
    assert {types[f"frappe-socketio-{name}"] for name in asked} == {"command:local:Command"}
    exported = made.stack.pulumi("stack", "export", "--show-secrets", "--stack", made.stack.name).stdout
    assert "PRIVATE KEY" not in exported
    assert "agentSocketPath" not in exported
    assert handshake(made.server, SECOND_HOST) == "open"


def test_verify_runs_the_same_checks_there_again(remote: tuple[Production, Run]) -> None:
    made, _ = remote
    before = made.stack.pulumi("stack", "export", "--stack", made.stack.name).stdout
    ran = made.verify()
    lines = ran.stdout.splitlines()
    assert [line.split()[1] for line in lines] == CHECKS
    assert [line[0] for line in lines] == [*"✓✓✓✓✓✓", "?"]
    assert "PRIVATE KEY" not in ran.text
    assert made.stack.pulumi("stack", "export", "--stack", made.stack.name).stdout == before


def test_a_second_up_changes_nothing(remote: tuple[Production, Run]) -> None:
    made, _ = remote
    assert set(made.up("--refresh", "--expect-no-changes").operations().values()) == {"refresh"}


def test_the_hosts_gateway_is_what_the_container_asks(remote: tuple[Production, Run]) -> None:
    made, _ = remote
    assert made.inspect(".HostConfig.ExtraHosts") == ["host.docker.internal:host-gateway"]


def test_a_service_account_and_a_configuration_change(remote: tuple[Production, Run]) -> None:
    """The server publishes and the laptop receives; the configuration is a reload here too."""
    made, _ = remote
    before = made.container()
    made.give_service_account(SECOND_SITE)
    run = made.up(proxyTimeout=4321)
    assert run.operations()[f"{before.rpartition('-')[0]}-nginx"] == "update"
    assert made.container() == before
    assert "proxy_read_timeout 4321" in made.server.docker("exec", before, "cat", "/etc/frappe-socketio/nginx.conf")
    said = made.stack.outputs()["checks"]["event"]
    assert said.startswith("✓ event (public)  raven_realtime_check received in the room of "), said
    assert "one copy" in said
