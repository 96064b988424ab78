"""What labels of containers make: routers, services, and what is dropped and why."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.containers import (
    DOCKER,
    SWARM,
    Container,
    ProviderSettings,
    contribution,
    doubtful_network,
)
from raven_realtime.proxies.traefik.elements import Label
from raven_realtime.proxies.traefik.table import Contribution, Server, Service, Tls

HERE = Location("compose.yml", 7)
SEED = """
traefik.enable=true
traefik.http.routers.frappe-socketio.rule=Host(`v2.sysmayal.cloud`) && PathPrefix(`/socket.io`)
traefik.http.routers.frappe-socketio.entrypoints=websecure
traefik.http.routers.frappe-socketio.tls.certresolver=myresolver
traefik.http.services.frappe-socketio.loadbalancer.server.port=80
"""


def container(labels: str = SEED, name: str = "frappe-socketio-1", **more: Any) -> Container:
    pairs = [line.partition("=") for line in labels.split("\n") if line]
    made = Container(
        name, tuple(Label(k, v, HERE) for k, _, v in pairs), HERE, networks={"web": "172.17.0.2"}, ports=(80, 443)
    )
    return replace(made, **more)


def one(labels: str, settings: ProviderSettings = DOCKER, **more: Any) -> Contribution:
    return contribution([container(labels, **more)], settings)


def test_the_seeds_labels() -> None:
    made = one(SEED)
    assert [(r.name, r.service, r.entrypoints, r.tls) for r in made.routers] == [
        ("frappe-socketio", "frappe-socketio", ("websecure",), Tls("myresolver"))
    ]
    assert made.routers[0].location == HERE
    assert made.services[0].servers == (Server("http://172.17.0.2:80", "http", "80"),)
    assert made.dropped == ()


@pytest.mark.parametrize(
    ("labels", "rule", "service"),
    [
        pytest.param("traefik.enable=true", "Host(`frappe-socketio-1`)", "frappe-socketio-1", id="nothing-said"),
        pytest.param("traefik.http.routers.a.rule=Path(`/`)", "Path(`/`)", "frappe-socketio-1", id="implicit-service"),
        pytest.param("traefik.http.services.s.loadbalancer.server.port=1", "Host(`frappe-socketio-1`)", "s",
                     id="implicit-router"),
        pytest.param("traefik.http.routers.a=x", "Host(`frappe-socketio-1`)", "frappe-socketio-1", id="bare-router"),
        pytest.param("traefik.HTTP.Routers.a.RULE=Path(`/`)", "Path(`/`)", "frappe-socketio-1", id="key-case"),
        pytest.param("traefik.http.routers.a.rule=Path(`/`)\ntraefik.http.services.s.loadbalancer.server.port=1",
                     "Path(`/`)", "s", id="only-service"),
        pytest.param("com.docker.compose.project=p\ncom.docker.compose.service=chat", "Host(`chat-p`)", "chat-p",
                     id="compose-name"),
    ],
)  # fmt: skip
def test_what_is_left_out(labels: str, rule: str, service: str) -> None:
    made = one(labels)
    assert [(router.rule, router.service) for router in made.routers] == [(rule, service)]


@pytest.mark.parametrize(
    ("labels", "more", "why"),
    [
        pytest.param("traefik.enable=false", {}, "traefik.enable is false", id="switched-off"),
        pytest.param("traefik.enable=yes", {}, "7: the label traefik.enable is 'yes'; true or false", id="enable-type"),
        pytest.param(SEED, {"status": "exited"}, "the container is exited", id="not-running"),
        pytest.param(SEED, {"health": "starting"}, "health check says starting", id="starting"),
        pytest.param(SEED, {"health": "unhealthy"}, "health check says unhealthy", id="unhealthy"),
        pytest.param(SEED, {"networks": {}}, "on no network", id="no-network"),
        pytest.param("traefik.http.routers.a.rule=Path(`/`)", {"ports": ()}, "no port", id="no-port"),
        pytest.param("traefik.http.routers.a.priority=high", {},
                     "compose.yml:7: the label traefik.http.routers.a.priority is", id="number"),
        pytest.param("traefik.http.routers.a.rules=x", {}, "rules is not known to Traefik; accepted there: entry",
                     id="unknown-field"),
        pytest.param("traefik.http.services.a.loadbalancer=x", {}, "cannot stand alone", id="stands-alone"),
        pytest.param("traefik.http.routers.a.rule.x=1", {}, "a.rule is a single value", id="too-deep"),
        pytest.param("traefik.http.routers..rule=x", {}, "has an empty part", id="empty-part"),
        pytest.param("Traefik.http.routers.a.rule=x", {}, "must begin with 'traefik' in lower case", id="root-case"),
        pytest.param("traefik.http.services.s.weighted.services[0].name=x", {}, "s.weighted is not known",
                     id="file-only"),
        pytest.param("traefik.http.middlewares.m.retry.attempts=many", {}, "a whole number", id="middleware-field"),
        pytest.param("traefik.http.services.s.loadbalancer.server.url=http://x\n"
                     "traefik.http.services.s.loadbalancer.server.port=1", {}, "a URL and a scheme", id="url-and-port"),
    ],
)  # fmt: skip
def test_a_container_gives_nothing(labels: str, more: dict[str, Any], why: str) -> None:
    made = one(labels, **more)
    assert (made.routers, made.services) == ((), ())
    assert [why in drop.why for drop in made.dropped] == [True]


def test_a_router_that_cannot_choose_its_service_is_dropped_alone() -> None:
    labels = "\n".join(f"traefik.http.services.{name}.loadbalancer.server.port=1" for name in "st")
    made = one(labels + "\ntraefik.http.routers.a.rule=Path(`/`)")
    assert (made.routers, len(made.services)) == ((), 2)
    assert "does not say which" in made.dropped[0].why


def test_not_exposed_by_default() -> None:
    settings = ProviderSettings(exposed_by_default=False)
    assert one("traefik.http.routers.a.rule=Path(`/`)", settings).routers == ()
    assert len(one(SEED, settings).routers) == 1


def test_conflicting_definitions_are_dropped() -> None:
    made = contribution([container(name="a"), container(SEED.replace("/socket.io", "/ws"), name="b")])
    assert made.routers == ()
    assert made.dropped[0].name == "frappe-socketio"
    assert "defined differently in two places" in made.dropped[0].why


def test_identical_definitions_are_joined() -> None:
    made = contribution([container(name="a"), container(name="b", networks={"web": "172.17.0.3"})])
    assert [router.owners for router in made.routers] == [("a", "b")]
    assert [server.url for server in made.services[0].servers] == ["http://172.17.0.2:80", "http://172.17.0.3:80"]


@pytest.mark.parametrize(
    ("labels", "networks", "doubt"),
    [
        pytest.param("", {"a": "1"}, "", id="one"),
        pytest.param("", {"a": "1", "b": "2"}, "on several networks (a, b)", id="several"),
        pytest.param("traefik.docker.network=b", {"a": "1", "b": "2"}, "", id="named"),
        pytest.param(
            "traefik.docker.network=c", {"a": "1"}, "the network c that Traefik should use is not", id="wrong"
        ),
    ],
)
def test_networks(labels: str, networks: dict[str, str], doubt: str) -> None:
    told = doubtful_network(container(labels, networks=networks))
    assert told.startswith(doubt) if doubt else told == ""


def test_the_named_network_gives_the_address() -> None:
    made = one(SEED + "traefik.docker.network=b", networks={"a": "10.0.0.1", "b": "10.0.0.2"})
    assert made.services[0].servers[0].url == "http://10.0.0.2:80"


def test_swarm_needs_a_port() -> None:
    labels = "traefik.http.routers.a.rule=Path(`/`)"
    assert "no port" in one(labels, SWARM, ports=()).dropped[0].why
    with_port = one(labels + "\ntraefik.http.services.a.loadbalancer.server.port=80", SWARM, ports=())
    assert (with_port.provider, len(with_port.routers)) == ("swarm", 1)


@pytest.mark.parametrize(
    ("template", "rule"),
    [
        pytest.param("Host(`{{ normalize .Name }}.example`)", "Host(`my-app.example`)", id="normalize"),
        pytest.param("Host(`{{ .ContainerName }}`)", "Host(`my_app`)", id="container-name"),
        pytest.param('Host(`{{ index .Labels "domain" }}`)', "Host(`a.example`)", id="label"),
        pytest.param("Host(`{{ .ContainerName | normalize }}`)", "Host(`my-app`)", id="pipe"),
    ],
)
def test_default_rule(template: str, rule: str) -> None:
    settings = ProviderSettings(default_rule=template)
    assert one("domain=a.example", settings, name="my_app").routers[0].rule == rule


def test_a_default_rule_that_is_not_understood_is_said() -> None:
    made = one("", ProviderSettings(default_rule="Host(`{{ trimSuffix .Name }}`)"))
    assert made.routers == ()
    assert "not evaluated here" in made.dropped[0].why


def test_stickiness_and_middlewares() -> None:
    made = one(
        SEED + "traefik.http.services.frappe-socketio.loadbalancer.sticky.cookie.name=lb\n"
        "traefik.http.middlewares.again.retry.attempts=3\ntraefik.http.middlewares.again.retry.initialinterval=50ms\n"
        "traefik.http.routers.frappe-socketio.middlewares=again, other@file"
    )
    assert made.services[0].sticky == "lb"
    assert [(m.name, m.kind, dict(m.options)) for m in made.middlewares] == [
        ("again", "retry", {"attempts": 3, "initialInterval": "50ms"})
    ]
    assert made.routers[0].middlewares == ("again", "other@file")


@pytest.mark.parametrize(
    ("label", "sticky"),
    [
        pytest.param("sticky=true", None, id="no-cookie"),
        pytest.param("sticky.cookie=true", "", id="unnamed-cookie"),
        pytest.param("sticky.cookie=false", None, id="switched-off"),
        pytest.param("sticky.cookie.secure=true", "", id="cookie-field"),
    ],
)
def test_sticky(label: str, sticky: str | None) -> None:
    services: tuple[Service, ...] = one(f"traefik.http.services.s.loadbalancer.{label}").services
    assert services[0].sticky == sticky
