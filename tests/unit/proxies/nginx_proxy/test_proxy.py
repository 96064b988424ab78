"""nginx-proxy: what the environment of containers makes of a request."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raven_realtime.proxies.interface import Affinity, Answered, Outcome, Passed, Redirected, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx_proxy.containers import LOADBALANCE_LABEL, Container, is_routed
from raven_realtime.proxies.nginx_proxy.proxy import NginxProxy, is_nginx_proxy, read, release_of

HOST = "erp.example.com"
UPGRADE = (("Connection", "Upgrade"), ("Upgrade", "websocket"))


def container(name: str = "frontend", *, label: str = "", **environment: str) -> Container:
    variables = {
        key: (value, Location("compose.yml", line)) for line, (key, value) in enumerate(environment.items(), 11)
    }
    labels = {LOADBALANCE_LABEL: label} if label else {}
    return Container(name, variables, Location("compose.yml", 10), labels)


def proxy(*containers: Container, release: tuple[int, ...] | None = None, **own: str) -> NginxProxy:
    environment = {key: (value, Location("compose.yml", 2)) for key, value in own.items()}
    return read(containers, "proxy", Location("compose.yml", 1), environment, release)


def asked(path: str = "/", host: str = HOST, port: int = 443, headers: tuple[tuple[str, str], ...] = ()) -> Request:
    return Request(host, path, headers=headers, tls=port == 443, port=port)


def passed(outcome: Outcome) -> Passed:
    assert isinstance(outcome, Passed), outcome
    return outcome


def test_what_the_server_gets() -> None:
    outcome = passed(proxy(container(VIRTUAL_HOST=HOST, VIRTUAL_PORT="8080")).handle(asked("/a?b", headers=UPGRADE)))
    got = outcome.request
    assert (outcome.to, got.host, got.target, got.tls, got.version) == (("frontend:8080",), HOST, "/a?b", False, "1.1")
    assert {name: got.value(name) for name in ("Upgrade", "Connection", "X-Forwarded-Proto", "X-Forwarded-Port")} == {
        "Upgrade": "websocket",
        "Connection": "upgrade",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "443",
    }
    assert (got.value("X-Forwarded-Host"), got.value("X-Real-IP"), got.value("X-Original-URI")) == (
        HOST,
        "203.0.113.9",
        "/a?b",
    )
    assert (outcome.idle_seconds, str(outcome.location), outcome.affinity) == (60, "compose.yml:12", Affinity.NONE)
    assert outcome.relays_upgrade
    plain = passed(proxy(container(VIRTUAL_HOST=HOST)).handle(asked())).request
    assert not plain.values("Connection")
    assert not plain.values("Upgrade")


@pytest.mark.parametrize(
    ("trust", "sent", "proto", "forwarded"),
    [
        ("true", "", "https", "203.0.113.9"),
        ("true", "http", "http", "10.0.0.1, 203.0.113.9"),
        ("false", "http", "https", "203.0.113.9"),
    ],
)
def test_what_a_proxy_in_front_said(trust: str, sent: str, proto: str, forwarded: str) -> None:
    headers = (("X-Forwarded-Proto", sent), ("X-Forwarded-For", "10.0.0.1")) if sent else ()
    outcome = proxy(container(VIRTUAL_HOST=HOST), TRUST_DOWNSTREAM_PROXY=trust).handle(asked(headers=headers))
    got = passed(outcome).request
    assert (got.values("X-Forwarded-Proto"), got.values("X-Forwarded-For")) == ([proto], [forwarded])


@pytest.mark.parametrize(
    ("release", "http_port", "host"),
    [
        pytest.param((1, 3, 0), "80", f"{HOST}:8080", id="as the client sent it"),
        pytest.param((1, 4, 0), "80", HOST, id="without a port"),
        pytest.param(None, "80", HOST, id="the newest, published on another port"),
        pytest.param((1, 4, 0), "8080", HOST, id="without even its own port"),
        pytest.param(None, "8080", f"{HOST}:8080", id="the newest, with a port of its own"),
    ],
)
def test_host(release: tuple[int, ...] | None, http_port: str, host: str) -> None:
    serving = proxy(container(VIRTUAL_HOST=HOST), release=release, HTTP_PORT=http_port)
    outcome = passed(serving.handle(asked(host=f"{HOST}:8080", port=int(http_port))))
    assert outcome.request.host == host


@pytest.mark.parametrize(
    ("environment", "exposed", "port"),
    [
        ({"VIRTUAL_PORT": "9000"}, (8000,), 9000),
        ({}, (8000,), 8000),
        ({}, (8000, 9000), 80),
        ({}, (), 80),
        ({"VIRTUAL_PORT": "default"}, (8000,), 8000),
    ],
)
def test_port(environment: dict[str, str], exposed: tuple[int, ...], port: int) -> None:
    served = replace(container(VIRTUAL_HOST=HOST, **environment), exposed=exposed)
    assert passed(proxy(served).handle(asked())).to == (f"frontend:{port}",)


@pytest.mark.parametrize(
    ("names", "host", "served"),
    [
        ("erp.example.com, www.example.com", "www.example.com", True),
        ("*.example.com", "a.b.example.com", True),
        ("*.example.com", "example.com", False),
        ("erp.*", "erp.example.org", True),
        (r"~^erp\..*\.com$", "ERP.example.com", True),
        ("~(", "erp.example.com", False),
        ("erp.example.com", "other.example.com", False),
    ],
)
def test_names(names: str, host: str, served: bool) -> None:
    outcome = proxy(container(VIRTUAL_HOST=names)).handle(asked(host=host))
    assert isinstance(outcome, Passed if served else Answered)


def test_the_best_name_wins() -> None:
    several = [
        container(f"c{n}", VIRTUAL_HOST=name) for n, name in enumerate((r"~erp", "*.com", "*.example.com", HOST))
    ]
    for left in (4, 3, 2, 1):
        assert passed(proxy(*several[:left]).handle(asked())).to == (f"c{left - 1}:80",)


@pytest.mark.parametrize(("default", "port", "status"), [("", 80, 503), ("", 443, None), (HOST, 443, 200)])
def test_a_name_that_nobody_asks_for(default: str, port: int, status: int | None) -> None:
    outcome = proxy(container(VIRTUAL_HOST=HOST), DEFAULT_HOST=default).handle(asked(host="x", port=port))
    assert (
        isinstance(outcome, Passed) if status == 200 else (isinstance(outcome, Answered) and outcome.status == status)
    )


@pytest.mark.parametrize(
    ("environment", "port", "kind"),
    [
        pytest.param({"LETSENCRYPT_HOST": HOST}, 80, Redirected, id="a certificate: redirected"),
        pytest.param({}, 80, Passed, id="none that is seen: served, and assumed"),
        pytest.param({"LETSENCRYPT_HOST": HOST, "HTTPS_METHOD": "noredirect"}, 80, Passed, id="both"),
        pytest.param({"HTTPS_METHOD": "nohttps"}, 443, Answered, id="no HTTPS"),
        pytest.param({"LETSENCRYPT_HOST": HOST, "HTTPS_METHOD": "nohttp"}, 80, Answered, id="no HTTP"),
        pytest.param({}, 443, Passed, id="HTTPS"),
        pytest.param({}, 8080, Answered, id="nobody listens"),
    ],
)
def test_schemes(environment: dict[str, str], port: int, kind: type[Outcome]) -> None:
    outcome = proxy(container(VIRTUAL_HOST=HOST, **environment)).handle(asked("/a?b", port=port))
    assert isinstance(outcome, kind)
    if isinstance(outcome, Redirected):
        assert (outcome.status, outcome.to) == (301, f"https://{HOST}/a?b")
    if isinstance(outcome, Passed):
        assert len(outcome.assumed) == (1 if "LETSENCRYPT_HOST" in environment else 2)


@pytest.mark.parametrize(
    ("path", "to", "target"),
    [
        ("/", "web:80", "/"),
        ("/ws", "live:80", "/ws"),
        ("/ws/?a", "live:80", "/ws/?a"),
        ("/app/x?a", "app:80", "/x?a"),
        ("/app", "redirect", "http"),
        ("/a1/x", "expression:80", "/a1/x"),
        ("/%77s/", "live:80", "/%77s/"),
    ],
)
def test_paths(path: str, to: str, target: str) -> None:
    outcome = proxy(
        container("web", VIRTUAL_HOST=HOST),
        container("live", VIRTUAL_HOST=HOST, VIRTUAL_PATH="/ws"),
        container("app", VIRTUAL_HOST=HOST, VIRTUAL_PATH="/app/", VIRTUAL_DEST="/"),
        container("expression", VIRTUAL_HOST=HOST, VIRTUAL_PATH="~^/a[0-9]/"),
    ).handle(asked(path))
    if isinstance(outcome, Redirected):
        assert (to, outcome.to) == ("redirect", f"https://{HOST}/app/")
    else:
        assert (passed(outcome).to, passed(outcome).request.target) == ((to,), target)


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        ("", Answered),
        ("418", Answered),
        ("301 https://a.example/", Redirected),
        ("301 $scheme://a", Undecided),
        ("none", Undecided),
    ],
)
def test_a_path_that_nobody_asks_for(root: str, kind: type[Outcome]) -> None:
    outcome = proxy(container(VIRTUAL_HOST=HOST, VIRTUAL_PATH="/ws"), DEFAULT_ROOT=root).handle(asked("/x"))
    assert isinstance(outcome, kind)


MULTIPORTS = f"""\
{HOST}:
  "/":
    port: 8080
  "/ws":
    port: 9000
    dest: "/live"
www.example.com:
"""


@pytest.mark.parametrize(
    ("host", "path", "to", "target"),
    [
        (HOST, "/", "frontend:8080", "/"),
        (HOST, "/ws/x", "frontend:9000", "/live/x"),
        ("www.example.com", "/", "frontend:80", "/"),
    ],
)
def test_several_ports(host: str, path: str, to: str, target: str) -> None:
    served = container(VIRTUAL_HOST_MULTIPORTS=MULTIPORTS, VIRTUAL_HOST="ignored.example.com")
    outcome = passed(proxy(served).handle(asked(path, host)))
    assert (outcome.to, outcome.request.target) == ((to,), target)
    assert isinstance(proxy(served).handle(asked(host="ignored.example.com")), Answered)


def test_several_ports_that_are_no_yaml_leave_the_container_out() -> None:
    assert not proxy(container(VIRTUAL_HOST_MULTIPORTS="a: [", VIRTUAL_HOST=HOST)).hosts


@pytest.mark.parametrize(
    ("label", "affinity", "by"),
    [
        ("", Affinity.NONE, ""),
        ("ip_hash;", Affinity.ADDRESS, ""),
        ("hash $remote_addr;", Affinity.ADDRESS, ""),
        ("hash $http_x_user consistent;", Affinity.OTHER, "$http_x_user"),
        ("least_conn;", Affinity.NONE, ""),
    ],
)
def test_several_containers(label: str, affinity: Affinity, by: str) -> None:
    two = [container(name, VIRTUAL_HOST=HOST, VIRTUAL_PORT="9000", label=label) for name in ("a", "b")]
    outcome = passed(proxy(*two).handle(asked()))
    assert (outcome.to, outcome.request.port, outcome.affinity, outcome.by) == (
        ("a:9000", "b:9000"),
        9000,
        affinity,
        by,
    )


@pytest.mark.parametrize(("client", "kind"), [("203.0.113.9", Answered), ("172.17.0.1", Passed)])
def test_the_internal_network(client: str, kind: type[Outcome]) -> None:
    request = Request(HOST, tls=True, port=443, client=client)
    assert isinstance(proxy(container(VIRTUAL_HOST=HOST, NETWORK_ACCESS="internal")).handle(request), kind)


@pytest.mark.parametrize(("protocol", "kind"), [("https", Passed), ("fastcgi", Undecided)])
def test_protocols(protocol: str, kind: type[Outcome]) -> None:
    outcome = proxy(container(VIRTUAL_HOST=HOST, VIRTUAL_PROTO=protocol)).handle(asked())
    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Passed) or outcome.request.tls


def test_entrances() -> None:
    found = proxy(
        container(VIRTUAL_HOST=HOST, HTTPS_METHOD="nohttp"),
        container("b", VIRTUAL_HOST="*.example.org", VIRTUAL_PATH="/ws", HTTPS_METHOD="nohttps"),
    ).entrances()
    assert [(e.host, e.listener.port, e.paths, e.location.line) for e in found] == [
        ("*.example.org", 80, ("/ws",), 11),
        (HOST, 443, (), 11),
    ]


@pytest.mark.parametrize(
    ("image", "expected", "release"),
    [
        ("nginxproxy/nginx-proxy:1.6.1-alpine", True, (1, 6, 1)),
        ("jwilder/nginx-proxy", True, None),
        ("ghcr.io/jwilder/nginx-proxy:latest", True, None),
        ("jc21/nginx-proxy-manager:2.12.1", False, (2, 12, 1)),
        ("nginx:1.29", False, (1, 29)),
    ],
)
def test_images(image: str, expected: bool, release: tuple[int, ...] | None) -> None:
    assert is_nginx_proxy(image) is expected
    assert release_of(image) == release


@pytest.mark.parametrize(
    ("environment", "expected"), [({"VIRTUAL_HOST": "a"}, True), ({"VIRTUAL_HOST": " "}, False), ({}, False)]
)
def test_told_by_the_environment(environment: dict[str, str], expected: bool) -> None:
    assert is_routed(container(label="", **environment).environment) is expected


WORDS = st.sampled_from(
    ["", "/", "~(", "~*", "= /x", "^~ /", "a,b", "*.x", ".x", "99999", "é", "[", "{a: {/: {port: x}}}"]
)


@settings(max_examples=80)
@given(
    st.dictionaries(
        st.sampled_from(["VIRTUAL_HOST", "VIRTUAL_PATH", "VIRTUAL_DEST", "VIRTUAL_PORT", "VIRTUAL_HOST_MULTIPORTS"]),
        WORDS,
    ),
    st.sampled_from(["/", "", "*", "/%ff", "/x/../../y/"]),
)
def test_any_environment_is_read(environment: dict[str, str], path: str) -> None:
    serving = proxy(container(label="", **environment))
    serving.entrances()
    for host in ("a", "b.x", "é"):
        serving.handle(asked(path, host))
