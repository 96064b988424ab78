"""Traefik's own resources."""

from __future__ import annotations

import pytest

from raven_realtime.proxies.interface import Affinity, Answered, Headers
from tests.unit.proxies.ingress.manifests import ask, named, passed, proxy

FORCED = """apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: forced}
spec: {headers: {customRequestHeaders: {Connection: "keep-alive, Upgrade", Upgrade: WebSocket}}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: strip}
spec: {stripPrefix: {prefixes: [/app]}}
---
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: both}
spec: {chain: {middlewares: [{name: forced}, {name: strip}]}}
---
apiVersion: traefik.io/v1alpha1
kind: TraefikService
metadata: {name: sticky}
spec:
  weighted:
    services:
      - {name: web, port: http, sticky: {cookie: {name: c}}}
      - {name: realtime, port: 9000, sticky: {cookie: {name: d}}}
---
"""


def route(
    middlewares: str = "", services: str = "{name: web, port: http}", group: str = "traefik.io", more: str = ""
) -> str:
    return f"""apiVersion: {group}/v1alpha1
kind: IngressRoute
metadata: {{name: app}}
spec:
  entryPoints: [websecure]
  routes:
    - match: Host(`a.example.com`) && PathPrefix(`/app`)
      kind: Rule
      middlewares: [{middlewares}]
      services: [{services}]
{more}
  tls: {{certResolver: le, secretName: s}}
"""


@pytest.mark.parametrize(
    ("middlewares", "upgrade", "target"),
    [
        ("", [], "/app/x"),
        ("{name: forced}", ["WebSocket"], "/app/x"),
        ("{name: strip}", [], "/x"),
        ("{name: both}", ["WebSocket"], "/x"),
    ],
)
def test_middlewares_are_followed(middlewares: str, upgrade: list[str], target: str) -> None:
    outcome = ask(FORCED + route(middlewares), target="/app/x")
    assert named(outcome, "Upgrade") == upgrade
    assert passed(outcome).request.target == target


@pytest.mark.parametrize(
    ("services", "to", "affinity"),
    [
        ("{name: web, port: http}", ("web:8080",), Affinity.NONE),
        ("{name: web, port: 8080, sticky: {cookie: {name: c}}}", ("web:8080",), Affinity.COOKIE),
        ("{name: web, port: 8080}, {name: realtime, port: ws}", ("web:8080", "realtime:9000"), Affinity.NONE),
        ("{name: sticky, kind: TraefikService}", ("web:8080", "realtime:9000"), Affinity.COOKIE),
        ("{name: elsewhere, port: 81}", ("elsewhere:81",), Affinity.NONE),
    ],
)
def test_services(services: str, to: tuple[str, ...], affinity: Affinity) -> None:
    outcome = passed(ask(FORCED + route(services=services), target="/app"))
    assert (outcome.to, outcome.affinity) == (to, affinity)


@pytest.mark.parametrize("group", ["traefik.io", "traefik.containo.us"])
def test_both_groups_are_read(group: str) -> None:
    found = proxy(route(group=group)).entrances()
    assert [(one.host, one.listener.port, one.listener.tls) for one in found] == [("a.example.com", 443, True)]
    assert {one.location.line for one in found} == {7}


@pytest.mark.parametrize(("target", "headers", "status"), [("/app", (), None), ("/other", (), 404)])
def test_the_rule_decides(target: str, headers: Headers, status: int | None) -> None:
    outcome = ask(route(), target=target, headers=headers)
    assert (outcome.status if isinstance(outcome, Answered) else None) == status
