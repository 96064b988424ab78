"""The ownership judgement: every way in which somebody else comes to own `/socket.io`, and what is no such thing."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest
from typer import Typer
from typer.testing import CliRunner

from raven_realtime.declared.routes import command
from raven_realtime.declared.routes.ownership import Wanted, judge, shared, with_running
from raven_realtime.docker_host import DockerHost
from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.containers import Container
from raven_realtime.proxies.traefik.elements import labels_of
from raven_realtime.sidecar.labels import STACK

APP = Typer()
command.register(APP)
HOST = "v2.sysmayal.cloud"
ROUTER = "traefik.http.routers.frappe-socketio"
SEED = {
    "traefik.enable": "true",
    f"{ROUTER}.rule": f"Host(`{HOST}`) && PathPrefix(`/socket.io`)",
    f"{ROUTER}.entrypoints": "websecure",
    f"{ROUTER}.tls.certresolver": "myresolver",
    "traefik.http.services.frappe-socketio.loadbalancer.server.port": "80",
}
"""Seed, section 3.2."""
WANTED = Wanted("frappe-socketio@docker", (HOST,), "websecure")


def running(name: str, labels: Mapping[str, str], status: str = "running", health: str = "") -> Container:
    here = Location(f"container {name}")
    return Container(name, labels_of(dict(labels), here), here, id=name, status=status, health=health)


def routed(rule: str, priority: int = 0, name: str = "other", **more: str) -> dict[str, str]:
    router = f"traefik.http.routers.{name}"
    return {
        f"{router}.rule": rule,
        f"{router}.tls": "true",
        f"{router}.entrypoints": "websecure",
        **({f"{router}.priority": str(priority)} if priority else {}),
        **more,
        f"traefik.http.services.{name}.loadbalancer.server.port": "3000",
    }


IN_THE_WAY = [
    pytest.param(
        routed("HostRegexp(`.+`)", 1000), "RT005", "other@docker .* takes /socket.io .* 1000", id="HostRegexp"
    ),
    pytest.param(routed(f"Host(`{HOST}`) && PathPrefix(`/socket.io/`)"), "RT005", "other@docker", id="a longer rule"),
    pytest.param(routed("Path(`/socket.io/`)", 99), "RT005", "takes some of /socket.io", id="one path of it"),
    pytest.param(routed("Header(`X-A`, `b`)", 99), "RT005", "takes some of", id="some requests of it"),
    pytest.param(routed(f"PathPrefix(`/socket.io`) && Host(`{HOST}`)"), "RT101", "priority 53", id="a tie"),
    pytest.param(SEED, "RT005", "container stranger defines the router", id="the same router, alike"),
    pytest.param({**SEED, f"{ROUTER}.priority": "7"}, "RT005", "differently.*stranger", id="defined differently"),
    pytest.param(
        routed("HostRegexp(`.+`)", 1000, **{"traefik.http.routers.other.tls": "false"}),
        "RT005",
        "other",
        id="no TLS label",
    ),
]
HARMLESS = [
    pytest.param(routed(f"Host(`{HOST}`)"), id="the site itself"),
    pytest.param(routed("HostRegexp(`.+`)"), id="a catch-all below"),
    pytest.param(routed("Host(`elsewhere.example`) && PathPrefix(`/socket.io`)", 1000), id="another host"),
    pytest.param(routed("HostRegexp(`.+`) && PathPrefix(`/api`)", 1000), id="another path"),
    pytest.param({**routed("HostRegexp(`.+`)", 1000), "traefik.enable": "false"}, id="switched off"),
    pytest.param({}, id="no labels"),
    pytest.param(
        routed("HostRegexp(`.+`)", 1000, **{"traefik.http.routers.other.entrypoints": "internal"}),
        id="another entrypoint",
    ),
]


@pytest.mark.parametrize(("labels", "code", "evidence"), IN_THE_WAY)
def test_somebody_in_the_way_is_named(labels: Mapping[str, str], code: str, evidence: str) -> None:
    table = with_running(SEED, [running("stranger", labels)], "websecure")
    found = judge(table, WANTED) + shared(table, WANTED)
    assert {finding.code for finding in found} == {code}
    said = " ".join(f"{finding.evidence} {finding.location}" for finding in found)
    assert "stranger" in said
    assert re.search(evidence, said), said


@pytest.mark.parametrize("labels", HARMLESS)
def test_others_are_left_alone(labels: Mapping[str, str]) -> None:
    table = with_running(SEED, [running("stranger", labels)], "websecure")
    assert judge(table, WANTED) + shared(table, WANTED) == []


@pytest.mark.parametrize(("state", "counts"), [("running", True), ("exited", False), ("created", False)])
def test_only_what_runs_counts(state: str, counts: bool) -> None:
    table = with_running(SEED, [running("stranger", routed("HostRegexp(`.+`)", 1000), status=state)], "websecure")
    assert bool(judge(table, WANTED)) is counts


def test_one_that_is_starting_counts() -> None:
    stranger = running("stranger", routed("HostRegexp(`.+`)", 1000), health="starting")
    assert [finding.code for finding in judge(with_running(SEED, [stranger], "websecure"), WANTED)] == ["RT005"]


def ask(
    monkeypatch: pytest.MonkeyPatch,
    *others: Container,
    labels: str = json.dumps(SEED),
    services: tuple[Container, ...] = (),
) -> tuple[int, str]:
    monkeypatch.setattr(command, "read_containers", lambda _: list(others))
    monkeypatch.setattr(command, "read_services", lambda _: list(services))
    arguments = ["ownership", "--host", HOST, "--stack", "p/prod/frappe-socketio"]
    done = CliRunner().invoke(APP, arguments, input=labels, catch_exceptions=False)
    return done.exit_code, done.output


def test_the_command_leaves_out_the_stacks_own(monkeypatch: pytest.MonkeyPatch) -> None:
    old = {**SEED, f"{ROUTER}.priority": "9", STACK: "p/prod/frappe-socketio"}
    code, said = ask(monkeypatch, running("frappe-socketio-1a", old))
    assert (code, said) == (
        0,
        f"✓ ownership  {WANTED.router} will own /socket.io on {HOST}, beside 0 other containers\n",
    )


def test_the_command_names_a_swarm_service_that_claims_it(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = ask(monkeypatch, services=(running("stranger", routed("HostRegexp(`.+`)", 1000)),))
    assert code == 1
    assert "RT005" in said
    assert "@swarm" in said


def test_the_command_names_the_other_claimant(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = ask(monkeypatch, running("greedy", routed("HostRegexp(`.+`)", 1000, "greedy")))
    assert code == 1
    assert "RT005 Another service owns /socket.io" in said
    assert "greedy@docker (greedy; rule HostRegexp(`.+`)) takes /socket.io" in said


@pytest.mark.parametrize("labels", ["", "[]", '{"a": 1}', "{", "[" * 100_000])
def test_labels_that_are_none(monkeypatch: pytest.MonkeyPatch, labels: str) -> None:
    with pytest.raises(Problem, match="the sidecar's labels as a JSON object"):
        ask(monkeypatch, labels=labels)


def test_an_api_that_does_not_answer_is_not_checked() -> None:
    asked = ["ownership", "--host", HOST, "--traefik-api", "http://127.0.0.1:1"]
    done = CliRunner().invoke(APP, asked)
    assert (done.exit_code, done.output[:30]) == (3, "? routers  not checked: Traefi")
    assert CliRunner().invoke(APP, [*asked, "--unchecked-ok"]).exit_code == 0


@pytest.mark.parametrize(
    ("host", "command_line"),
    [
        (DockerHost(), ["docker", "ps"]),
        (DockerHost("unix:///x"), ["docker", "-H", "unix:///x", "ps"]),
        (
            DockerHost("ssh://me@server:2222", ("-i", "key")),
            ["ssh", "-o", "BatchMode=yes", "-i", "key", "-p", "2222", "-l", "me", "--", "server", "docker ps"],
        ),
    ],
    ids=["default", "a socket", "ssh"],
)
def test_how_docker_is_reached(host: DockerHost, command_line: list[str]) -> None:
    assert host.command(["ps"]) == command_line
