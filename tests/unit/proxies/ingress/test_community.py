"""ingress-nginx: paths, annotations, headers."""

from __future__ import annotations

import pytest

from raven_realtime.places.kubernetes import read
from raven_realtime.proxies.ingress.read import proxies
from raven_realtime.proxies.interface import Affinity, Answered, Headers, Passed, Redirected, Undecided
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

OWN = "nginx.ingress.kubernetes.io/"
TLS = "tls: [{hosts: [a.example.com], secretName: s}]"


@pytest.mark.parametrize(
    ("paths", "asked", "to"),
    [
        ([path("/"), REALTIME], "/socket.io/?EIO=4", "realtime:9000"),
        ([REALTIME, path("/")], "/socket.io/?EIO=4", "realtime:9000"),
        ([REALTIME, path("/")], "/socket.io", "realtime:9000"),
        ([REALTIME, path("/")], "/socket.iox", "web:8080"),
        ([REALTIME, path("/")], "//socket.io/./x/../y", "realtime:9000"),
        ([REALTIME, path("/")], "/socket%2Eio/", "realtime:9000"),
        (
            [path("/"), path("/socket.io", "ImplementationSpecific", "realtime", "name: ws")],
            "/socket.iox",
            "realtime:9000",
        ),
        ([path("/"), path("/socket.io", "Exact", "realtime", "name: ws")], "/socket.io", "realtime:9000"),
        ([path("/"), path("/socket.io", "Exact", "realtime", "name: ws")], "/socket.io/", "web:8080"),
        ([path("/a"), path("/a/b", service="realtime", port="number: 9000")], "/a/b/c", "realtime:9000"),
        ([path("/"), path("/gone", service="elsewhere", port="number: 1234")], "/gone", "elsewhere:1234"),
    ],
)
def test_the_path_decides(paths: list[str], asked: str, to: str) -> None:
    assert passed(ask(ingress("", *paths), target=asked)).to == (to,)


@pytest.mark.parametrize(
    ("host", "asked", "status"),
    [
        ("a.example.com", "a.example.com", None),
        ("a.example.com", "A.Example.com:8443", None),
        ("*.example.com", "a.example.com", None),
        ("*.example.com", "a.b.example.com", 404),
        ("", "anything.example.net", None),
        ("a.example.com", "b.example.com", 404),
    ],
)
def test_the_host_decides(host: str, asked: str, status: int | None) -> None:
    outcome = ask(ingress(host=host), host=asked)
    assert (outcome.status if isinstance(outcome, Answered) else None) == status


@pytest.mark.parametrize(
    ("annotations", "paths", "asked", "target"),
    [
        (f"{OWN}rewrite-target: /$2", [path("/app(/|$)(.*)", "ImplementationSpecific")], "/app/x?y=1", "/x?y=1"),
        (f"{OWN}rewrite-target: /$2", [path("/app(/|$)(.*)", "ImplementationSpecific")], "/APP/x", "/x"),
        (f"{OWN}rewrite-target: /", [path("/")], "/x?y=1", "/x?y=1"),
        (f"{OWN}rewrite-target: /", [path("/app")], "/app/x?y=1", "/?y=1"),
        (f'{OWN}use-regex: "true"', [path("/app.*")], "/apple", "/apple"),
        ("", [path("/")], "/a%20b?c", "/a%20b?c"),
    ],
)
def test_the_target_is_rewritten(annotations: str, paths: list[str], asked: str, target: str) -> None:
    assert passed(ask(ingress(annotations, *paths), target=asked)).request.target == target


@pytest.mark.parametrize(
    ("annotations", "spec", "tls", "to"),
    [
        ("", TLS, False, (308, "https://a.example.com/x?y")),
        ("", TLS, True, None),
        ("", "", False, None),
        (f'{OWN}ssl-redirect: "false"', TLS, False, None),
        (f'{OWN}force-ssl-redirect: "true"', "", False, (308, "https://a.example.com/x?y")),
        (
            f"{OWN}permanent-redirect: https://new.example.com$request_uri",
            "",
            True,
            (301, "https://new.example.com/x?y"),
        ),
        (f"{OWN}temporal-redirect: https://new.example.com", "", True, (302, "https://new.example.com")),
    ],
)
def test_redirects(annotations: str, spec: str, tls: bool, to: tuple[int, str] | None) -> None:
    outcome = ask(ingress(annotations, spec=spec), target="/x?y", tls=tls)
    assert ((outcome.status, outcome.to) if isinstance(outcome, Redirected) else None) == to


def test_a_challenge_for_a_certificate_is_not_redirected() -> None:
    assert isinstance(ask(ingress(spec=TLS), target="/.well-known/acme-challenge/x", tls=False), Passed)


@pytest.mark.parametrize(
    ("asked", "to"),
    [("www.a.example.com", "https://a.example.com/x"), ("b.example.com", None)],
)
def test_www_is_redirected(asked: str, to: str | None) -> None:
    outcome = ask(ingress(f'{OWN}from-to-www-redirect: "true"'), host=asked, target="/x")
    assert (outcome.to if isinstance(outcome, Redirected) else None) == to


@pytest.mark.parametrize(
    ("headers", "name", "values"),
    [
        ((), "X-Forwarded-Proto", ["https"]),
        ((("X-Forwarded-Proto", "http"),), "X-Forwarded-Proto", ["https"]),
        ((("X-Forwarded-For", "1.2.3.4"),), "X-Forwarded-For", ["203.0.113.9"]),
        ((), "X-Real-IP", ["203.0.113.9"]),
        ((), "X-Forwarded-Host", ["a.example.com:8443"]),
        ((), "X-Forwarded-Port", ["443"]),
        ((("Origin", "https://a.example.com"),), "Origin", ["https://a.example.com"]),
        ((), "Origin", []),
        (UPGRADE, "Upgrade", ["websocket"]),
        (UPGRADE, "Connection", ["upgrade"]),
        ((), "Upgrade", []),
        ((("Connection", "keep-alive"),), "Connection", []),
        ((("X_Underscore", "1"),), "X_Underscore", []),
    ],
)
def test_headers(headers: Headers, name: str, values: list[str]) -> None:
    outcome = ask(ingress(), host="a.example.com:8443", headers=headers)
    assert named(outcome, name) == values
    assert passed(outcome).request.host == "a.example.com:8443"
    assert passed(outcome).request.version == "1.1"


@pytest.mark.parametrize(
    ("setting", "headers", "proto", "client"),
    [
        (
            'use-forwarded-headers: "true"',
            (("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "9.9.9.9")),
            "https",
            "9.9.9.9",
        ),
        (
            'use-forwarded-headers: "false"',
            (("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "9.9.9.9")),
            "http",
            "203.0.113.9",
        ),
        ('use-forwarded-headers: "true"', (), "http", "203.0.113.9"),
    ],
)
def test_what_stands_in_front_is_believed_only_when_told(
    setting: str, headers: Headers, proto: str, client: str
) -> None:
    settings = (
        f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ingress-nginx-controller}}\ndata: {{{setting}}}\n"
    )
    outcome = ask(ingress() + settings, tls=False, headers=headers)
    assert named(outcome, "X-Forwarded-Proto") == [proto]
    assert named(outcome, "X-Forwarded-For") == [client]


@pytest.mark.parametrize(
    ("annotations", "seconds"),
    [
        ("", 60.0),
        (f'{OWN}proxy-read-timeout: "3600"', 3600.0),
        (f'{OWN}proxy-read-timeout: "3600s"', 60.0),
        (f'{OWN}proxy-send-timeout: "3600"', 60.0),
        (f'{OWN}configuration-snippet: "proxy_read_timeout 1h;"', 3600.0),
        ("nginx.org/proxy-read-timeout: 3600s\nnginx.ingress.kubernetes.io/x: y", 60.0),
    ],
)
def test_idle(annotations: str, seconds: float) -> None:
    assert passed(ask(ingress(annotations))).idle_seconds == seconds


@pytest.mark.parametrize(
    ("annotations", "affinity", "by"),
    [
        ("", Affinity.NONE, ""),
        (f"{OWN}affinity: cookie", Affinity.COOKIE, "INGRESSCOOKIE"),
        (f"{OWN}affinity: cookie\n{OWN}session-cookie-name: route", Affinity.COOKIE, "route"),
        (f"{OWN}upstream-hash-by: $binary_remote_addr", Affinity.ADDRESS, "$binary_remote_addr"),
        (f"{OWN}upstream-hash-by: $request_uri", Affinity.OTHER, "$request_uri"),
        ("nginx.com/sticky-cookie-services: serviceName=web x\nnginx.ingress.kubernetes.io/x: y", Affinity.NONE, ""),
    ],
)
def test_affinity(annotations: str, affinity: Affinity, by: str) -> None:
    outcome = passed(ask(ingress(annotations)))
    assert (outcome.affinity, outcome.by) == (affinity, by)


@pytest.mark.parametrize(("upstream", "affinity"), [("true", Affinity.OTHER), ("false", Affinity.NONE)])
def test_a_service_s_own_affinity_counts_only_where_it_is_asked(upstream: str, affinity: Affinity) -> None:
    service = SERVICES.replace("spec: {ports: [{name: http", "spec: {sessionAffinity: ClientIP, ports: [{name: http")
    outcome = ask(ingress(f'{OWN}service-upstream: "{upstream}"'), services=service)
    assert passed(outcome).affinity is affinity


@pytest.mark.parametrize(
    ("annotations", "kind", "line"),
    [
        (f"{OWN}configuration-snippet: |\n  # one\n  if ($x) {{ return 403; }}", Undecided, 8),
        (f"{OWN}configuration-snippet: |\n  # one\n  add_header X y;", Passed, None),
        (f"{OWN}server-snippet: |\n  location /socket.io {{ return 404; }}", Undecided, 7),
        (f"{OWN}server-snippet: |\n  client_max_body_size 10m;", Passed, None),
        (f"{OWN}backend-protocol: GRPC", Undecided, 6),
        (f"{OWN}backend-protocol: HTTPS", Passed, None),
        (f"{OWN}auth-type: basic", Answered, 6),
        (f"{OWN}rewrite-target: /$uri", Undecided, 6),
    ],
)
def test_what_is_not_followed_is_said_with_its_line(annotations: str, kind: type, line: int | None) -> None:
    outcome = ask(ingress(annotations, path("/x")), target="/x")
    assert isinstance(outcome, kind)
    if line and not isinstance(outcome, Passed | Redirected):
        assert outcome.location is not None
        assert outcome.location.line == line


@pytest.mark.parametrize(
    ("snippet", "name", "values"),
    [
        ('proxy_set_header X-Frappe-Site-Name "site1.local";', "X-Frappe-Site-Name", ["site1.local"]),
        ("proxy_set_header Origin $scheme://$http_host;", "Origin", ["https://a.example.com"]),
        ('more_set_input_headers "Origin: https://x.example.com";', "Origin", ["https://x.example.com"]),
        ("proxy_set_header X-Forwarded-Proto https;", "X-Forwarded-Proto", ["https", "https"]),
        ("add_header X-A b;", "X-A", []),
    ],
)
def test_snippets_set_headers(snippet: str, name: str, values: list[str]) -> None:
    assert named(ask(ingress(f"{OWN}configuration-snippet: '{snippet}'")), name) == values


def test_who_is_asked_first() -> None:
    outcome = passed(ask(ingress(f"{OWN}auth-url: https://auth.example.com/verify")))
    assert [(one.address, one.location.line) for one in outcome.consulted] == [("https://auth.example.com/verify", 6)]
    assert passed(ask(ingress())).consulted == ()


@pytest.mark.parametrize(
    ("port", "services", "kind"),
    [
        ("number: 8081", None, Answered),
        ("name: other", None, Answered),
        ("name: http", "", Undecided),
        ("number: 8081", "", Passed),
        ("name: http", None, Passed),
    ],
)
def test_ports_are_the_service_s(port: str, services: str | None, kind: type) -> None:
    manifest = ingress("", path("/", port=port))
    assert isinstance(ask(manifest) if services is None else ask(manifest, services=services), kind)


@pytest.mark.parametrize(
    ("weight", "headers", "to"),
    [
        ("10", (), ("web:8080", "realtime:9000")),
        ("0", (), ("web:8080",)),
        ("10", (("X-Canary", "always"),), ("realtime:9000",)),
        ("10", (("X-Canary", "never"),), ("web:8080",)),
    ],
)
def test_canaries(weight: str, headers: Headers, to: tuple[str, ...]) -> None:
    notes = f'{OWN}canary: "true"\n{OWN}canary-weight: "{weight}"\n{OWN}canary-by-header: X-Canary'
    other = ingress(notes, path("/", service="realtime", port="number: 9000"), name="canary")
    assert passed(ask(ingress() + other, headers=headers)).to == to


@pytest.mark.parametrize(
    ("spec", "entered"),
    [
        (TLS, [("a.example.com", 443, True), ("a.example.com", 80, False)]),
        ("", [("a.example.com", 80, False)]),
    ],
)
def test_entrances(spec: str, entered: list[tuple[str, int, bool]]) -> None:
    found = proxy(ingress(spec=spec)).entrances()
    assert [(one.host, one.listener.port, one.listener.tls) for one in found] == entered
    assert {one.location.line for one in found} == {10}


def test_the_class_of_nginx_is_taken_for_the_community_s() -> None:
    text = ingress() + ingress_class("k8s.io/ingress-nginx")
    assert len(passed(ask(ingress())).assumed) == 1
    assert passed(ask(text)).assumed == ()
    assert [one.kind for one in proxies(read(text, "a.yaml"))] == ["ingress-nginx"]
