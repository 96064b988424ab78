"""F5's controller, AWS's and Google's load balancers, Traefik's Ingress objects, and those that are not followed."""

from __future__ import annotations

import pytest

from raven_realtime.proxies.interface import Affinity, Answered, Passed, Redirected, Undecided
from tests.unit.proxies.ingress.manifests import (
    REALTIME,
    SERVICES,
    UPGRADE,
    ask,
    ingress,
    ingress_class,
    named,
    passed,
    path,
    proxy,
)

F5 = ingress_class("nginx.org/ingress-controller")
ALB = "alb.ingress.kubernetes.io/"
TLS = "tls: [{hosts: [a.example.com], secretName: s}]"


@pytest.mark.parametrize(
    ("annotations", "upgrade", "connection"),
    [
        ("nginx.org/websocket-services: web", ["websocket"], ["upgrade"]),
        ("nginx.org/websocket-services: other, web", ["websocket"], ["upgrade"]),
        ("nginx.org/websocket-services: other", [], ["close"]),
        ("nginx.ingress.kubernetes.io/proxy-read-timeout: '3600'", [], ["close"]),
        (
            "nginx.org/location-snippets: |\n"
            "  proxy_set_header Upgrade $http_upgrade;\n"
            "  proxy_set_header Connection upgrade;",
            ["websocket"],
            ["upgrade"],
        ),
    ],
)
def test_f5_passes_websockets_only_where_told(annotations: str, upgrade: list[str], connection: list[str]) -> None:
    outcome = ask(F5 + ingress(annotations), headers=UPGRADE)
    assert named(outcome, "Upgrade") == upgrade
    assert named(outcome, "Connection") == connection


@pytest.mark.parametrize(
    ("annotations", "seconds", "affinity", "by"),
    [
        ("", 60.0, Affinity.NONE, ""),
        ("nginx.org/proxy-read-timeout: 1h", 3600.0, Affinity.NONE, ""),
        ("nginx.ingress.kubernetes.io/proxy-read-timeout: '3600'", 60.0, Affinity.NONE, ""),
        ('nginx.com/sticky-cookie-services: "serviceName=web srv_id path=/"', 60.0, Affinity.COOKIE, "srv_id"),
        ('nginx.com/sticky-cookie-services: "serviceName=other srv_id path=/"', 60.0, Affinity.NONE, ""),
        ("nginx.org/lb-method: ip_hash", 60.0, Affinity.ADDRESS, "ip_hash"),
        ("nginx.org/lb-method: hash $http_x_user consistent", 60.0, Affinity.OTHER, "$http_x_user"),
    ],
)
def test_f5_waits_and_balances(annotations: str, seconds: float, affinity: Affinity, by: str) -> None:
    outcome = passed(ask(F5 + ingress(annotations)))
    assert (outcome.idle_seconds, outcome.affinity, outcome.by) == (seconds, affinity, by)


@pytest.mark.parametrize(
    ("annotations", "paths", "asked", "target"),
    [
        ("", [path("/a")], "/ab", "/ab"),
        ("nginx.org/rewrites: serviceName=web rewrite=/x/", [path("/a/")], "/a/b?c", "/x/b?c"),
        ("nginx.org/rewrites: serviceName=other rewrite=/x/", [path("/a/")], "/a/b", "/a/b"),
        ("nginx.org/path-regex: case_insensitive", [path("/a[0-9]")], "/A1", "/A1"),
    ],
)
def test_f5_s_paths(annotations: str, paths: list[str], asked: str, target: str) -> None:
    outcome = ask(F5 + ingress(annotations, *paths), host="a.example.com:444", target=asked)
    assert passed(outcome).request.target == target
    assert passed(outcome).request.host == "a.example.com"


@pytest.mark.parametrize(("minion", "to"), [("minion", "realtime:9000"), ("", "web:8080")])
def test_f5_merges_masters_and_minions(minion: str, to: str) -> None:
    master = ingress("nginx.org/mergeable-ingress-type: master")
    other = ingress(f'nginx.org/mergeable-ingress-type: "{minion}"', REALTIME, name="minion")
    assert passed(ask(F5 + master + other, target="/socket.io/")).to == (to,)


@pytest.mark.parametrize(("tls", "status"), [(False, 301), (True, None)])
def test_f5_redirects_to_https(tls: bool, status: int | None) -> None:
    outcome = ask(F5 + ingress(spec=TLS), tls=tls)
    assert (outcome.status if isinstance(outcome, Redirected) else None) == status


@pytest.mark.parametrize(
    ("attributes", "target", "affinity", "by", "assumed"),
    [
        ("", "ip", Affinity.NONE, "", 0),
        ("stickiness.enabled=true,stickiness.type=lb_cookie", "ip", Affinity.COOKIE, "AWSALB", 0),
        ("stickiness.enabled=true,stickiness.app_cookie.cookie_name=sid", "ip", Affinity.COOKIE, "sid", 0),
        ("stickiness.enabled=false", "ip", Affinity.NONE, "", 0),
        ("stickiness.enabled=true", "instance", Affinity.NONE, "", 1),
    ],
)
def test_alb_s_stickiness(attributes: str, target: str, affinity: Affinity, by: str, assumed: int) -> None:
    notes = f'{ALB}target-group-attributes: "{attributes}"\n{ALB}target-type: {target}'
    outcome = passed(ask(ingress(notes, klass="alb", spec=TLS)))
    assert (outcome.affinity, outcome.by, len(outcome.assumed)) == (affinity, by, assumed)
    assert outcome.idle_seconds == 60.0


@pytest.mark.parametrize(
    ("paths", "asked", "status"),
    [
        ([path("/", "ImplementationSpecific")], "/", None),
        ([path("/", "ImplementationSpecific")], "/socket.io/", 404),
        ([path("/*", "ImplementationSpecific")], "/socket.io/", None),
        ([path("/")], "/socket.io/", None),
        ([path("/socket.io")], "/socket.iox", 404),
    ],
)
def test_alb_s_paths(paths: list[str], asked: str, status: int | None) -> None:
    outcome = ask(ingress("", *paths, klass="alb", spec=TLS), target=asked)
    assert (outcome.status if isinstance(outcome, Answered) else None) == status


@pytest.mark.parametrize(
    ("annotations", "tls", "expected"),
    [
        (f"{ALB}listen-ports: '[{{\"HTTPS\":443}}]'", False, Answered),
        (f"{ALB}listen-ports: '[{{\"HTTPS\":443}}]'", True, Passed),
        (f"{ALB}listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]'\n{ALB}ssl-redirect: '443'", False, Redirected),
        (f"{ALB}listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]'\n{ALB}ssl-redirect: '443'", True, Passed),
        ("", False, Passed),
        (f"{ALB}conditions.web: '[]'\n{ALB}certificate-arn: x", True, Undecided),
    ],
)
def test_alb_s_ports(annotations: str, tls: bool, expected: type) -> None:
    assert isinstance(ask(ingress(annotations, klass="alb"), tls=tls), expected)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ('{"type":"fixed-response","fixedResponseConfig":{"statusCode":"503"}}', Answered),
        ('{"type":"redirect","redirectConfig":{"host":"b.example.com","statusCode":"HTTP_301"}}', Redirected),
        ('{"type":"forward","forwardConfig":{"targetGroups":[{"serviceName":"web","servicePort":8080}]}}', Passed),
        ('{"type":"forward","forwardConfig":{"targetGroups":[{"targetGroupARN":"x"}]}}', Undecided),
        ("{", Undecided),
    ],
)
def test_alb_s_actions(action: str, expected: type) -> None:
    rule = path("/", service="act", port="name: use-annotation")
    assert isinstance(ask(ingress(f"{ALB}actions.act: '{action}'", rule, klass="alb"), tls=False), expected)


@pytest.mark.parametrize(
    ("config", "seconds", "affinity"),
    [
        ("", 30.0, Affinity.NONE),
        ("{timeoutSec: 3600}", 3600.0, Affinity.NONE),
        ("{sessionAffinity: {affinityType: GENERATED_COOKIE}}", 30.0, Affinity.COOKIE),
        ("{sessionAffinity: {affinityType: CLIENT_IP}}", 30.0, Affinity.ADDRESS),
    ],
)
def test_google_s_backend_config(config: str, seconds: float, affinity: Affinity) -> None:
    service = SERVICES.replace(
        "{name: web}", '{name: web, annotations: {cloud.google.com/backend-config: \'{"default":"c"}\'}}'
    )
    backend = f"apiVersion: cloud.google.com/v1\nkind: BackendConfig\nmetadata: {{name: c}}\nspec: {config}\n---\n"
    outcome = passed(ask(backend + ingress(klass="gce"), services=service))
    assert (outcome.idle_seconds, outcome.affinity) == (seconds, affinity)


@pytest.mark.parametrize(
    ("kind", "text", "asked", "fits"),
    [
        ("ImplementationSpecific", "/*", "/socket.io/", True),
        ("ImplementationSpecific", "/socket.io/*", "/socket.io/x", True),
        ("ImplementationSpecific", "/socket.io", "/socket.io/x", False),
        ("Prefix", "/socket.io", "/socket.io/x", True),
    ],
)
def test_google_s_paths(kind: str, text: str, asked: str, fits: bool) -> None:
    assert isinstance(ask(ingress("", path(text, kind), klass="gce"), target=asked), Passed) is fits


@pytest.mark.parametrize(
    ("annotations", "tls", "expected"),
    [
        ("traefik.ingress.kubernetes.io/router.entrypoints: websecure", True, Passed),
        ("traefik.ingress.kubernetes.io/router.entrypoints: websecure", False, Answered),
        ("traefik.ingress.kubernetes.io/router.entrypoints: web", False, Passed),
        ("traefik.ingress.kubernetes.io/router.middlewares: default-https@kubernetescrd", False, Redirected),
    ],
)
def test_traefik_s_ingresses(annotations: str, tls: bool, expected: type) -> None:
    middleware = """apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata: {name: https}
spec: {redirectScheme: {scheme: https}}
---
"""
    assert isinstance(ask(middleware + ingress(annotations, klass="traefik"), tls=tls), expected)


@pytest.mark.parametrize("klass", ["haproxy", "kong", "of-somebody"])
def test_others_are_undecided(klass: str) -> None:
    outcome = ask(ingress(klass=klass))
    assert isinstance(outcome, Undecided)
    assert [one.host for one in proxy(ingress(klass=klass)).entrances()] == ["a.example.com"]
