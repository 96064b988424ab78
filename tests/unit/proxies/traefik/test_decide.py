"""Which of several routers wins, and the reason that is given."""

from __future__ import annotations

from dataclasses import replace

import pytest

from raven_realtime.proxies.traefik.decide import Outcome, route
from raven_realtime.proxies.traefik.request import PathRules, Request
from raven_realtime.proxies.traefik.rule import NEWEST
from raven_realtime.proxies.traefik.table import (
    Contribution,
    EntryPoint,
    Middleware,
    Router,
    Service,
    Table,
    Tls,
    assemble,
)

WEB = Router("web", "Host(`a`)", "web")
SOCKET = Router("socket", "Host(`a`) && PathPrefix(`/socket.io`)", "socket")
ASKED = Request("a", "/socket.io/?EIO=4&transport=polling")


def table(*routers: Router, entrypoints: tuple[EntryPoint, ...] = (EntryPoint("web"),)) -> Table:
    services = tuple(Service(name) for name in ("web", "socket"))
    return assemble([Contribution("docker", routers, services, (Middleware("retry", "retry"),))], entrypoints)


@pytest.mark.parametrize(
    ("routers", "winner"),
    [
        pytest.param((WEB, SOCKET), "socket@docker", id="longer-rule"),
        pytest.param((replace(WEB, priority=1000), SOCKET), "web@docker", id="explicit-priority"),
        pytest.param((replace(WEB, priority=-1), SOCKET), "socket@docker", id="negative-priority"),
        pytest.param((WEB, replace(SOCKET, rule="Host(`b`)")), "web@docker", id="other-host"),
        pytest.param((WEB, replace(SOCKET, rule="Host(`a`")), "web@docker", id="refused-rule"),
        pytest.param((WEB, replace(SOCKET, service="gone")), "web@docker", id="missing-service"),
        pytest.param(
            (WEB, replace(SOCKET, service="elsewhere@file")), "socket@docker", id="service-of-unknown-provider"
        ),
        pytest.param((WEB, replace(SOCKET, middlewares=("gone",))), "web@docker", id="missing-middleware"),
        pytest.param((WEB, replace(SOCKET, middlewares=("retry",))), "socket@docker", id="known-middleware"),
        pytest.param((WEB, replace(SOCKET, entrypoints=("other",))), "web@docker", id="other-entrypoint"),
        pytest.param((WEB, replace(SOCKET, tls=Tls())), "web@docker", id="tls-router-takes-no-plain-request"),
    ],
)
def test_winner(routers: tuple[Router, ...], winner: str) -> None:
    decision = route(table(*routers), ASKED, "web")
    assert (decision.outcome, decision.router and decision.router.name) == (Outcome.ROUTED, winner)


@pytest.mark.parametrize(("syntax", "routed"), [("", True), ("v3", True), ("V2", True), ("v2", False)])
def test_a_rule_is_in_the_language_of_this_traefik_unless_it_is_of_version_2(syntax: str, routed: bool) -> None:
    router = Router("any", "Host(`*`)", "web", syntax=syntax)
    declared = Contribution("docker", (router,), (Service("web"),))
    found = route(assemble([declared], [EntryPoint("web")], default_syntax=NEWEST), ASKED, "web")
    assert (found.outcome is Outcome.ROUTED) == routed


def test_tie() -> None:
    decision = route(table(replace(WEB, priority=5), replace(SOCKET, priority=5)), ASKED, "web")
    assert decision.outcome is Outcome.TIE
    assert [router.name for router in decision.winners] == ["socket@docker", "web@docker"]
    assert decision.why == "socket@docker, web@docker match with the same priority 5: which one wins is not defined"


def test_why() -> None:
    decision = route(table(WEB, SOCKET, Router("other", "Path(`/x`)", "web")), ASKED, "web")
    assert decision.why == "socket@docker matches and has the highest priority 37, the length of its rule"
    assert [(loser.router.name, loser.matches) for loser in decision.losers] == [
        ("web@docker", True),
        ("other@docker", False),
    ]
    assert decision.losers[0].why == "priority 9, the length of its rule, is below 37 of socket@docker"


def test_nobody() -> None:
    decision = route(table(WEB), Request("b"), "web")
    assert (decision.outcome, decision.winners) == (Outcome.NOT_FOUND, ())


def test_rejected() -> None:
    assert route(table(WEB), Request("a", "/%zz"), "web").outcome is Outcome.REJECTED


def test_denied_escape() -> None:
    entrypoint = EntryPoint("web", paths=PathRules(denied=frozenset({"%2F"})))
    decision = route(table(WEB, entrypoints=(entrypoint,)), Request("a", "/a%2fb"), "web")
    assert (decision.outcome, decision.router and decision.router.name) == (Outcome.REJECTED, "web@docker")


def test_default_entrypoints() -> None:
    entrypoints = (EntryPoint("web"), EntryPoint("main", as_default=True), EntryPoint("traefik"))
    assert table(WEB, entrypoints=entrypoints).entrypoints_of(WEB) == ("main",)
    assert table(WEB, entrypoints=entrypoints[::2]).entrypoints_of(WEB) == ("web",)


def test_tls_of_the_entrypoint_makes_its_routers_tls() -> None:
    secure = table(WEB, entrypoints=(EntryPoint("websecure", tls=Tls("le")),))
    assert route(secure, replace(ASKED, tls=True), "websecure").outcome is Outcome.ROUTED
    assert route(secure, ASKED, "websecure").outcome is Outcome.NOT_FOUND


def test_redirection_takes_everything() -> None:
    entrypoints = (EntryPoint("web", redirect_to="websecure"), EntryPoint("websecure"))
    decision = route(table(WEB, SOCKET, entrypoints=entrypoints), ASKED, "web")
    assert decision.router is not None
    assert decision.router.name == "web-to-websecure@internal"


def test_children_are_asked_after_their_parent() -> None:
    parent = Router("parent", "Host(`a`)")
    child = Router("child", "PathPrefix(`/socket.io`)", "socket", parents=("parent",))
    below = table(parent, child)
    assert route(below, ASKED, "web").winners[0].name == "child@docker"
    assert route(below, Request("a", "/x"), "web").outcome is Outcome.NOT_FOUND


def test_without_entrypoints_every_name_exists() -> None:
    assert route(table(replace(WEB, entrypoints=("any",)), entrypoints=()), ASKED, "any").outcome is Outcome.ROUTED
