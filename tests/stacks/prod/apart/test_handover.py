"""README's way from a hand-made sidecar to ours, typed line by line while handshakes come in through Traefik."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.server import Server
from tests.engine import Stack
from tests.sidecar.by_hand import run_by_hand
from tests.stacks.checkout import Checkout
from tests.stacks.prod.load import clients, handshakes
from tests.stacks.prod.production import (
    SECOND_HOST,
    SECOND_SITE,
    Production,
    engine_on,
    facts,
    handshake,
    remove_containers,
    within,
)
from toolchain.places import ROOT

RATE, CLIENTS = 25, 20
BY_HAND = "frappe-socketio-by-hand"
"""What README has the hand-made container called meanwhile."""


@dataclass(frozen=True)
class Made:
    """How somebody made the sidecar."""

    name: str
    options: Sequence[str] = ()
    renamed: bool = True
    """Whether it has the name that README's third line takes from it."""


MADE = {
    "docker run": Made("frappe-socketio"),
    "compose": Made(
        "chat-frappe-socketio-1",
        (
            *("--label", "com.docker.compose.project=chat", "--label", "com.docker.compose.service=frappe-socketio"),
            *("--network", "chat_default"),
        ),
        renamed=False,
    ),
}


def steps(made: Made) -> list[str]:
    """Return README's lines; for a container with another name, as README says."""
    text = (ROOT / "README.md").read_text()
    after = text[text.index("**Taking over a hand-made sidecar.**") :].split("\n\n")[1]
    lines = [line.strip() for line in after.splitlines()]
    if made.renamed:
        return lines
    return [line.replace(BY_HAND, made.name) for line in lines if not line.startswith("docker rename")]


@pytest.fixture
def prod(server: Server, copy: Checkout, tmp_path: Path) -> Iterator[Production]:
    """The stack `prod`, configured as another team has it, and not deployed."""
    file = copy.folder / "Pulumi.prod.yaml"
    # README's `pulumi up` asks a person
    given = {"PYTHONPATH": str(copy.folder), "DOCKER_HOST": "", "PULUMI_SKIP_CONFIRMATIONS": "true"}
    stack = Stack(tmp_path, copy.folder, "prod", environment=given, before=engine_on(server))
    hosts = [f"{SECOND_HOST}={SECOND_SITE}"]
    server.docker("network", "create", "chat_default")
    try:
        yield Production(server, copy, stack, file, {**facts(server), "hosts": hosts})
    finally:
        stack.destroy()
        remove_containers(server, BY_HAND, *(made.name for made in MADE.values()))
        server.docker("network", "rm", "chat_default")
        file.unlink()


@pytest.mark.parametrize("how", ["docker run", pytest.param("compose", marks=pytest.mark.full)])
def test_no_handshake_fails_and_every_client_is_back(prod: Production, how: str) -> None:
    made = MADE[how]
    run_by_hand(prod.server, SECOND_HOST, made.name, *made.options)
    within(10, lambda: handshake(prod.server, SECOND_HOST) == "open")
    prod.configure()
    lines = steps(made)
    assert [line.split()[0] for line in lines].count("pulumi") == 3
    with (
        clients(prod.server, CLIENTS, "polling,websocket", SECOND_HOST) as live,
        handshakes(prod.server, RATE, SECOND_HOST) as asked,
    ):
        for line in lines:
            prod.copy.run(*prod.stack.before, "sh", "-ec", line, environment=prod.stack.environment)
        within(10, lambda: live.seen().connected == CLIENTS)
    assert asked.failed == ()
    assert asked.asked / asked.seconds >= RATE * 0.8
    running = prod.server.docker("ps", "--format", "{{.Names}}").split()
    assert running == [prod.container()], "ours alone"
    assert handshake(prod.server, SECOND_HOST) == "open"
