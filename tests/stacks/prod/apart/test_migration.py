"""Stacks that an earlier version deployed: the first `up` takes them over, nobody notices, and no old login is used."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from demo.server import Server
from tests.engine import Stack
from tests.stacks.checkout import Checkout, checkout
from tests.stacks.prod.agent import agent
from tests.stacks.prod.apart.test_remote import brought
from tests.stacks.prod.load import handshakes
from tests.stacks.prod.production import SECOND_HOST, SECOND_SITE, Production, from_laptop, handshake, stack_on

EARLIER = "5bfffb26dc96"
"""The last commit whose steps were shell scripts."""
RATE = 25
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """This project as it was."""
    made = checkout(tmp_path_factory.mktemp("earlier") / "c", EARLIER)
    (made.folder / "Pulumi.prod.yaml").unlink()
    return made


def now(made: Production, copy: Checkout, **environment: str) -> Production:
    """Return the same stack, its state and configuration, run by the program of this checkout."""
    given = {"PYTHONPATH": str(copy.folder), "DOCKER_HOST": "", **environment}
    before = made.stack.before
    stack = Stack(made.stack.state, copy.folder, made.stack.name, made.config_file, given, before=before, init=False)
    return replace(made, copy=copy, stack=stack)


def take_over(made: Production) -> None:
    """Run the first `up` of this version, while handshakes come in."""
    container = made.container()
    with handshakes(made.server, RATE, SECOND_HOST) as asked:
        made.up()
    assert asked.failed == ()
    assert made.containers(running=False) == [container], "the same container serves"
    assert made.up().operations() == {}
    exported = made.stack.pulumi("stack", "export", "--show-secrets", "--stack", made.stack.name).stdout
    assert not re.search(r"PRIVATE KEY|agentSocketPath|\.sh\b", exported)


@pytest.mark.parametrize("login", ["an agent that is gone", "a key"])
def test_over_ssh(server: Server, copy: Checkout, earlier: Checkout, tmp_path: Path, login: str) -> None:
    name = f"earlier-{login.split()[1]}"
    key = str(server.ssh.key)
    with agent(tmp_path, server.ssh.key) as socket:
        by_agent = "agent" in login
        made = from_laptop(server, earlier, name, socket if by_agent else "", sshKeyFile=None if by_agent else key)
        made.up()
    assert brought(server)
    made = now(replace(made, base={**made.base, "sshKeyFile": key}), copy, SSH_AUTH_SOCK="")
    try:
        take_over(made)
        assert brought(server) == []
        assert handshake(server, SECOND_HOST) == "open"
    finally:
        made.stack.destroy()
    assert made.containers(running=False) == made.volumes() == []


def test_on_the_server_itself(server: Server, copy: Checkout, earlier: Checkout) -> None:
    made = stack_on(server, earlier, "earlier", hosts=[f"{SECOND_HOST}={SECOND_SITE}"], router="earlier")
    made.up()
    made = now(made, copy)
    try:
        take_over(made)
    finally:
        made.stack.destroy()
    assert made.containers(running=False) == made.volumes() == []
