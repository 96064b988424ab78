"""Two sidecars of a program of somebody else's on one server, protected; and what it may not give them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.server import Server
from demo.server.traefik import RESOLVER
from raven_realtime.sidecar import labels
from tests.engine import Stack
from tests.stacks.package.taken import take
from tests.stacks.prod.apart.test_package import CONFIG
from tests.stacks.prod.production import SECOND_HOST, SECOND_SITE, THIRD_HOST, engine_on, facts, handshake

PROGRAM = """
import pulumi

config = pulumi.Config()
protect = pulumi.ResourceOptions(protect=config.get_bool("protect"))
shared = {key: config.require(key) for key in ("image", "certResolver", "publicAddress", "caFile")}
shared["capacity"] = 2_000


class RealtimeSidecar(pulumi.ComponentResource):
    def __init__(self, name, args):
        super().__init__("raven-realtime:index:RealtimeSidecar", name, {**shared, **args}, protect, remote=True)


chat = {"hosts": [config.require("host")], "upstream": "172.17.0.1:9000", "proxyTimeout": config.require_int("timeout")}
if awaited := config.get("output"):
    chat[awaited] = pulumi.Output.from_input(chat[awaited])
RealtimeSidecar("chat", chat)
RealtimeSidecar("crm", {"hosts": [config.require("other")], "router": "crm"})
"""


@pytest.fixture(scope="module")
def stack(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The program's stack, deployed and protected; it goes without a trace."""
    folder = tmp_path_factory.mktemp("program")
    program = take(folder / "taken") / "examples" / "sidecar"
    (program / "__main__.py").write_text(PROGRAM)
    made = Stack(folder / "state", program, environment={"DOCKER_HOST": ""}, before=engine_on(server))
    known = {key: facts(server)[key] for key in CONFIG}
    given = {"host": f"{SECOND_HOST}={SECOND_SITE}", "other": THIRD_HOST, "timeout": "4000", "protect": "true"}
    for key, value in {**known, **given, "certResolver": RESOLVER}.items():
        made.set_config(key, value)
    try:
        made.up()
        yield made
        made.set_config("protect", "false")
        made.up()
    finally:
        made.destroy()
    assert server.docker("ps", "--all", "--quiet", "--filter", f"label={labels.STACK}") == ""
    assert server.docker("volume", "ls", "--quiet", "--filter", f"label={labels.STACK}") == ""


def containers(server: Server) -> list[str]:
    return sorted(server.docker("ps", "--filter", f"label={labels.STACK}", "--format", "{{.Names}}").split())


def test_both_serve_and_a_second_up_changes_nothing(stack: Stack, server: Server) -> None:
    assert [handshake(server, host) for host in (SECOND_HOST, THIRD_HOST)] == ["open", "open"]
    assert [name.partition("-")[0] for name in containers(server)] == ["chat", "crm"]
    assert stack.up().operations() == {}


def test_a_protected_component_takes_a_change_of_configuration(stack: Stack, server: Server) -> None:
    before = containers(server)
    stack.set_config("timeout", "4321")
    changed = stack.up().operations()
    assert set(changed.values()) == {"update"}
    assert {name.partition("-")[0] for name in changed} == {"chat"}, "the other one has nothing to do with it"
    assert containers(server) == before
    assert handshake(server, SECOND_HOST) == "open"


@pytest.mark.parametrize("key", ["hosts", "upstream"])
def test_an_output_is_refused_with_the_way_to_await_it(stack: Stack, key: str) -> None:
    stack.set_config("output", key)
    try:
        refused = stack.preview(expect=None)
    finally:
        stack.pulumi("config", "rm", "--stack", stack.name, "output")
    assert refused.code != 0
    assert f"{key} in the arguments of chat is an output: its value is not known yet." in refused.text
    assert f'value.apply(lambda known: RealtimeSidecar("chat", {{"{key}": known, …}}))' in refused.text
