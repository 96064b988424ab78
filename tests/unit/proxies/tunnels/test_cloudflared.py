"""cloudflared: which rule a request meets, and as what it leaves."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raven_realtime.proxies.interface import Answered, Passed, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.tunnels import cloudflared
from raven_realtime.proxies.unreadable import Unreadable

HOST = "app.example.com"
UPGRADE = (("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket"))
END = "  - service: http_status:404\n"


def asked(path: str = "/", host: str = HOST, *, upgrade: bool = False, port: int = 443) -> Request:
    return Request(host, path, headers=UPGRADE if upgrade else (), tls=port == 443, port=port)


def passed(text: str, request: Request) -> Passed:
    outcome = cloudflared.read(text, "config.yml").handle(request)
    assert isinstance(outcome, Passed), outcome
    return outcome


WS_SERVICE = f"""\
tunnel: 00000000-0000-4000-8000-000000000001
ingress:
  - hostname: {HOST}
    path: /ws
    service: ws://localhost:5000
  - hostname: {HOST}
    service: http://localhost:5000
{END}"""


@pytest.mark.parametrize(
    ("path", "line", "scheme", "assumptions"),
    [
        pytest.param("/ws", 5, "ws", 1, id="a ws:// service"),
        pytest.param("/", 7, "http", 0, id="its http:// twin"),
    ],
)
def test_a_ws_service_is_spoken_to_as_http_and_says_so(path: str, line: int, scheme: str, assumptions: int) -> None:
    proxy = cloudflared.read(WS_SERVICE, "config.yml")
    outcome = passed(WS_SERVICE, asked(path, upgrade=True))
    assert (outcome.to, outcome.request.tls, str(outcome.location)) == (
        ("localhost:5000",),
        False,
        f"config.yml:{line}",
    )
    assert [rule.scheme for rule in proxy.rules if rule.service_location == outcome.location] == [scheme]
    assert len(outcome.assumed) == assumptions


def test_what_the_server_gets() -> None:
    outcome = passed(WS_SERVICE, asked("/a?b", upgrade=True))
    request = outcome.request
    assert (request.host, request.target, request.port, request.version) == (HOST, "/a?b", 5000, "1.1")
    assert request.upgrades
    assert request.values("X-Forwarded-Proto") == ["https"]
    assert request.values("CF-Connecting-IP") == ["203.0.113.9"]
    assert outcome.relays_upgrade
    assert outcome.idle_seconds == 100
    assert set(outcome.unknown) == {"cf-ray", "cf-ipcountry"}
    assert not passed(WS_SERVICE, asked("/a")).request.upgrades
    assert passed(WS_SERVICE, asked("/a", port=80)).request.value("X-Forwarded-Proto") == "http"


def rules(*lines: str) -> str:
    return "ingress:\n" + "\n".join(lines) + "\n" + END


@pytest.mark.parametrize(
    ("hostname", "host", "fits"),
    [
        ("app.example.com", "app.example.com", True),
        ("app.example.com", "app.example.com:443", True),
        ("App.Example.com", "app.example.com", True),
        ("app.example.com", "other.example.com", False),
        ('"*.example.com"', "a.example.com", True),
        ('"*.example.com"', "a.b.example.com", True),
        ('"*.example.com"', "example.com", False),
    ],
)
def test_hostnames(hostname: str, host: str, fits: bool) -> None:
    text = rules(f"  - hostname: {hostname}", "    service: http://app:8000")
    outcome = cloudflared.read(text, "c").handle(asked(host=host))
    assert isinstance(outcome, Passed if fits else Answered)


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("^/api", "/api/x", True),
        ("^/api", "/x/api", False),
        ("/ws", "/x/ws", True),
        (r"\.(jpg|png)$", "/a.png", True),
        ("^/a b", "/a%20b", True),
        ("/live/*", "/live", True),
    ],
)
def test_paths_are_expressions_found_anywhere(pattern: str, path: str, fits: bool) -> None:
    text = rules(f"  - path: '{pattern}'", "    service: http://app:8000")
    assert isinstance(cloudflared.read(text, "c").handle(asked(path)), Passed if fits else Answered)


@pytest.mark.parametrize(
    ("common", "own", "host", "forwarded_host"),
    [
        pytest.param("", "", HOST, "", id="kept"),
        pytest.param("", "{httpHostHeader: site.local}", "site.local", HOST, id="by the rule"),
        pytest.param("{httpHostHeader: all.local}", "", "all.local", HOST, id="for all"),
        pytest.param("{httpHostHeader: all.local}", "{httpHostHeader: a}", "a", HOST, id="the rule's own comes first"),
    ],
)
def test_host(common: str, own: str, host: str, forwarded_host: str) -> None:
    text = f"originRequest: {common or '{}'}\n" + rules(
        f"  - hostname: {HOST}", "    service: https://app", f"    originRequest: {own or '{}'}"
    )
    request = passed(text, asked()).request
    assert (request.host, request.value("X-Forwarded-Host")) == (host, forwarded_host)
    assert (request.tls, request.port) == (True, 443)


@pytest.mark.parametrize(
    ("service", "to"),
    [("unix:/run/app.sock", "unix:/run/app.sock"), ("http://[::1]:8000", "[::1]:8000"), ("https://app", "app:443")],
)
def test_services_that_pass_on(service: str, to: str) -> None:
    text = rules(f"  - hostname: {HOST}", f'    service: "{service}"')
    assert passed(text, asked()).to == (to,)


@pytest.mark.parametrize(
    ("service", "status"),
    [("http_status:503", 503), ("hello_world", 200), ("ssh://localhost:22", None), ("bastion", None)],
)
def test_services_that_do_not(service: str, status: int | None) -> None:
    outcome = cloudflared.read(rules(f"  - hostname: {HOST}", f"    service: {service}"), "c").handle(asked())
    assert isinstance(outcome, Answered if status else Undecided)
    assert getattr(outcome, "status", None) == status


@pytest.mark.parametrize(("where", "consulted"), [("own", 1), ("common", 0)])
def test_access_is_required_by_the_rule_alone(where: str, consulted: int) -> None:
    option = "originRequest: {access: {required: true, teamName: acme}}"
    lines = [f"  - hostname: {HOST}", "    service: http://app:8000"]
    text = rules(*lines, f"    {option}") if where == "own" else f"{option}\n{rules(*lines)}"
    assert [one.address for one in passed(text, asked()).consulted] == ["acme.cloudflareaccess.com"] * consulted


def test_ports_that_the_edge_does_not_have() -> None:
    outcome = cloudflared.read(WS_SERVICE, "c").handle(asked(port=9000))
    assert isinstance(outcome, Answered)
    assert outcome.status is None


def test_entrances_are_the_names_once_for_each_scheme() -> None:
    entrances = cloudflared.read(WS_SERVICE, "c").entrances()
    assert [(e.host, e.listener.port, e.listener.tls, e.location.line) for e in entrances] == [
        (HOST, 443, True, 3),
        (HOST, 80, False, 3),
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("ingress:\n  - hostname: a\n    service: http://a:1\n", 2, id="the last rule has a hostname"),
        pytest.param(rules("  - service: http://a:1"), 2, id="a rule for everything before the end"),
        pytest.param(rules("  - hostname: a"), 2, id="no service"),
        pytest.param(rules("  - hostname: a:80", "    service: http://a:1"), 2, id="a port in the hostname"),
        pytest.param(rules("  - hostname: a.*.b", "    service: http://a:1"), 2, id="a star in the middle"),
        pytest.param(rules("  - path: '['", "    service: http://a:1"), 2, id="no expression"),
        pytest.param(rules("  - path: a", "    service: localhost:1"), 3, id="no scheme"),
        pytest.param(rules("  - path: a", "    service: http://a:1/b"), 3, id="a path in the service"),
        pytest.param(rules("  - path: a", "    service: http_status:9"), 3, id="no status"),
        pytest.param("ingress: [", 1, id="no YAML"),
    ],
)
def test_what_cloudflared_refuses(text: str, line: int) -> None:
    with pytest.raises(Unreadable) as raised:
        cloudflared.read(text, "c")
    assert raised.value.location == Location("c", line)


def test_a_file_without_rules() -> None:
    single = cloudflared.read("tunnel: t\nurl: http://localhost:8000\n", "c")
    assert isinstance(single.handle(asked()), Passed)
    empty = cloudflared.read("tunnel: t\ncredentials-file: x.json\n", "c").handle(asked())
    assert isinstance(empty, Undecided)
    assert empty.location == Location("c", 1)


@pytest.mark.parametrize(
    ("command", "environment", "to"),
    [
        ("cloudflared tunnel --url http://localhost:8005", {}, "localhost:8005"),
        ("cloudflared --no-autoupdate tunnel --url localhost:8005", {}, "localhost:8005"),
        ("tunnel --no-autoupdate --url=http://frontend:8080", {}, "frontend:8080"),
        ("tunnel", {"TUNNEL_URL": "http://frontend:8080"}, "frontend:8080"),
        ("tunnel --no-autoupdate run --token abc", {}, "dashboard"),
        ("tunnel run", {"TUNNEL_TOKEN": "abc"}, "dashboard"),
        ("cloudflared tunnel --config /etc/cloudflared/config.yml run", {}, "/etc/cloudflared/config.yml"),
    ],
)
def test_commands(command: str, environment: dict[str, str], to: str) -> None:
    place = Location("compose.yml", 7)
    assert cloudflared.is_command(command)
    outcome = cloudflared.read_command(command, place, environment).handle(asked())
    assert outcome.location == place
    assert outcome.to == (to,) if isinstance(outcome, Passed) else isinstance(outcome, Undecided) and to in outcome.why


@pytest.mark.parametrize("command", ["cloudflared access login", "nginx -g tunnel", "", "cloudflared 'tunnel"])
def test_other_commands(command: str) -> None:
    assert not cloudflared.is_command(command)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (WS_SERVICE, True),
        ("tunnel: x\ncredentials-file: y\n", True),
        ("version: 2\ntunnels: {a: {addr: 80}}\n", False),
        ("services: {tunnel: {image: x}}\n", False),
        ("apiVersion: v1\nspec: {ingress: []}\n", False),
        ("tunnel: [", False),
    ],
)
def test_told_by_content(text: str, expected: bool) -> None:
    assert cloudflared.is_cloudflared(text) is expected


@settings(max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["hostname", "path", "service", "originRequest"]),
        st.sampled_from(
            ["*", "a:b", "http://", "http://[", "http_status:x", "{a: [1]}", "[x]", "~", "'['", "unix:", "é"]
        ),
    )
)
def test_any_rule_is_read_or_unreadable(rule: dict[str, str]) -> None:
    body = "\n".join(f"    {key}: {value}" for key, value in rule.items())
    text = f"ingress:\n  -\n{body}\n{END}"
    cloudflared.is_cloudflared(text)
    try:
        cloudflared.read(text, "c").handle(asked("/%ff"))
    except Unreadable:
        return
