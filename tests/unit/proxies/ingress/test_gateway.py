"""The Gateway API."""

from __future__ import annotations

import pytest

from raven_realtime.proxies.ingress.gateway_passing import seconds
from raven_realtime.proxies.interface import Affinity, Answered, Headers, Passed, Redirected, Undecided
from tests.unit.proxies.ingress.manifests import UPGRADE, ask, named, passed, proxy

WEB = "backendRefs: [{name: web, port: 8080}]"


def routed(
    *rules: str, hosts: str = "[a.example.com]", section: str = "", listener: str = "", klass: str = "nginx"
) -> str:
    listed = "".join(f"    - {{{rule}}}\n" for rule in rules or [WEB])
    return f"""apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: public}}
spec:
  gatewayClassName: {klass}
  listeners:
    - {{name: http, port: 80, protocol: HTTP}}
    - {{name: https, port: 443, protocol: HTTPS, hostname: "{listener}"}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: app}}
spec:
  parentRefs: [{{name: public, sectionName: "{section}"}}]
  hostnames: {hosts}
  rules:
{listed}"""


def at(path: str, kind: str = "PathPrefix", to: str = "realtime", port: int = 9000, more: str = "") -> str:
    return f'matches: [{{path: {{type: {kind}, value: "{path}"}}{more}}}], backendRefs: [{{name: {to}, port: {port}}}]'


@pytest.mark.parametrize(
    ("rules", "target", "headers", "to"),
    [
        ([WEB, at("/socket.io")], "/socket.io/", (), "realtime:9000"),
        ([WEB, at("/socket.io")], "/socket.iox", (), "web:8080"),
        ([WEB, at("/socket.io", "Exact")], "/socket.io", (), "realtime:9000"),
        ([WEB, at("/socket.io", "Exact")], "/socket.io/", (), "web:8080"),
        ([at("/x", "RegularExpression"), at("/", to="web", port=8080)], "/y", (), "web:8080"),
        ([WEB, at("/", more=", headers: [{name: X-A, value: b}]")], "/", (("X-A", "b"),), "realtime:9000"),
        ([WEB, at("/", more=", headers: [{name: X-A, value: b}]")], "/", (), "web:8080"),
        ([WEB, at("/", more=", method: GET")], "/", (), "realtime:9000"),
        ([WEB, at("/", more=", method: POST")], "/", (), "web:8080"),
        ([WEB, at("/", more=", queryParams: [{name: EIO, value: '4'}]")], "/?EIO=4", (), "realtime:9000"),
    ],
)
def test_the_most_specific_match_wins(rules: list[str], target: str, headers: Headers, to: str) -> None:
    assert passed(ask(routed(*rules), target=target, headers=headers)).to == (to,)


@pytest.mark.parametrize(
    ("hosts", "asked", "found"),
    [
        ("[a.example.com]", "a.example.com", True),
        ("[b.example.com]", "a.example.com", False),
        ('["*.example.com"]', "x.a.example.com", True),
        ('["*.example.com"]', "example.com", False),
        ("[]", "a.example.com", True),
    ],
)
def test_host_names(hosts: str, asked: str, found: bool) -> None:
    assert isinstance(ask(routed(hosts=hosts), host=asked), Passed) is found


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]", Redirected),
        ("filters: [{type: ExtensionRef, extensionRef: {name: x}}], " + WEB, Undecided),
        ("filters: [{type: ResponseHeaderModifier}], " + WEB, Passed),
        ("backendRefs: [{name: web, port: 8080, weight: 0}]", Answered),
        ("backendRefs: [{name: bucket, kind: Bucket}]", Undecided),
        ("matches: []", Answered),
    ],
)
def test_filters_and_backends(rule: str, expected: type) -> None:
    assert isinstance(ask(routed(rule), tls=False), expected)


@pytest.mark.parametrize(
    ("filters", "host", "target", "origin"),
    [
        ("{type: URLRewrite, urlRewrite: {hostname: b.example.com}}", "b.example.com", "/app/x?y", ["o"]),
        (
            "{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}",
            "a.example.com",
            "/x?y",
            ["o"],
        ),
        (
            "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /z}}}",
            "a.example.com",
            "/z?y",
            ["o"],
        ),
        ("{type: RequestHeaderModifier, requestHeaderModifier: {remove: [origin]}}", "a.example.com", "/app/x?y", []),
        (
            "{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Origin, value: p}]}}",
            "a.example.com",
            "/app/x?y",
            ["p"],
        ),
    ],
)
def test_what_a_filter_changes(filters: str, host: str, target: str, origin: list[str]) -> None:
    rule = f"{at('/app')}, filters: [{filters}]"
    outcome = ask(routed(rule), target="/app/x?y", headers=(("Origin", "o"), *UPGRADE))
    assert (passed(outcome).request.host, passed(outcome).request.target) == (host, target)
    assert named(outcome, "Origin") == origin
    assert named(outcome, "Upgrade") == ["websocket"]


@pytest.mark.parametrize(
    ("rule", "klass", "idle", "affinity"),
    [
        (WEB, "nginx", 60.0, Affinity.NONE),
        (WEB, "traefik", None, Affinity.NONE),
        (WEB + ", timeouts: {request: 30s}", "traefik", 30.0, Affinity.NONE),
        (WEB + ", sessionPersistence: {sessionName: s}", "nginx", 60.0, Affinity.COOKIE),
        (WEB + ", sessionPersistence: {type: Header}", "nginx", 60.0, Affinity.OTHER),
    ],
)
def test_waiting_and_balancing(rule: str, klass: str, idle: float | None, affinity: Affinity) -> None:
    outcome = passed(ask(routed(rule, klass=klass)))
    assert (outcome.idle_seconds, outcome.affinity) == (idle, affinity)


@pytest.mark.parametrize(
    ("section", "listener", "entered"),
    [
        ("", "", [("a.example.com", 443), ("a.example.com", 80)]),
        ("https", "", [("a.example.com", 443)]),
        ("", "*.example.com", [("a.example.com", 443), ("a.example.com", 80)]),
        ("https", "*.example.net", []),
    ],
)
def test_entrances(section: str, listener: str, entered: list[tuple[str, int]]) -> None:
    found = proxy(routed(section=section, listener=listener)).entrances()
    assert [(one.host, one.listener.port) for one in found] == entered


def test_a_gateway_that_is_not_in_the_files_is_taken_to_listen() -> None:
    route = routed().partition("---\n")[2]
    outcome = passed(ask(route))
    assert any("public" in assumed for assumed in outcome.assumed)


def test_a_pattern_beside_a_prefix_is_each_implementation_s_own() -> None:
    assert isinstance(ask(routed(WEB, at("/x.*", "RegularExpression")), target="/xy"), Undecided)


@pytest.mark.parametrize(("text", "number"), [("10s", 10.0), ("1m30s", 90.0), ("500ms", 0.5), ("", None), ("10", None)])
def test_durations(text: str, number: float | None) -> None:
    assert seconds(text) == number
