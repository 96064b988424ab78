"""What becomes of a request, by what a Caddyfile says."""

from __future__ import annotations

from typing import Any

import pytest

from raven_realtime.proxies.caddy.read import read
from raven_realtime.proxies.interface import Affinity, Answered, Outcome, Passed, Redirected, Request, Undecided

POLL = "/socket.io/?EIO=4&transport=polling"
WEBSOCKET = (("Connection", "keep-alive, Upgrade"), ("Upgrade", "websocket"))


def ask(text: str, target: str = POLL, *, version: str = "", **parts: Any) -> Outcome:
    """Ask a Caddyfile's only site, on its port, unless parts of the request say otherwise."""
    caddy = read(text, "Caddyfile", version=version)
    entrance = caddy.entrances()[0]
    asked = {"host": entrance.host or "any.example", "tls": entrance.listener.tls, "port": entrance.listener.port}
    return caddy.handle(Request(target=target, **{**asked, **parts}))


def site(*lines: str, address: str = "example.com") -> str:
    return f"{address} {{\n" + "\n".join(lines) + "\n}\n"


def passed(outcome: Outcome) -> Passed:
    assert isinstance(outcome, Passed), outcome
    return outcome


@pytest.mark.parametrize(
    ("lines", "target", "to"),
    [
        pytest.param(("reverse_proxy a:1",), POLL, "a:1", id="for all"),
        pytest.param(("reverse_proxy a:1", "reverse_proxy /socket.io/* b:2"), POLL, "b:2", id="the longer path first"),
        pytest.param(("reverse_proxy /socket.io b:2", "reverse_proxy a:1"), POLL, "a:1", id="exact without a star"),
        pytest.param(("@s path /socket.io/*", "reverse_proxy @s b:2", "reverse_proxy a:1"), POLL, "b:2", id="named"),
        pytest.param(("@s not path /x/*", "reverse_proxy @s b:2", "reverse_proxy a:1"), POLL, "b:2", id="not"),
        pytest.param(
            ("handle /socket.io/* {", "reverse_proxy b:2", "}", "handle {", "reverse_proxy a:1", "}"),
            POLL,
            "b:2",
            id="handle",
        ),
        pytest.param(
            ("route {", "reverse_proxy a:1", "reverse_proxy /socket.io/* b:2", "}"), POLL, "a:1", id="route keeps order"
        ),
        pytest.param(
            ("try_files {path} /index.html", "reverse_proxy /socket.io/* b:2", "reverse_proxy a:1"),
            POLL,
            "a:1",
            id="a rewrite comes before",
        ),
        pytest.param(("reverse_proxy a",), POLL, "a:80", id="no port"),
        pytest.param(("reverse_proxy https://a",), POLL, "a:443", id="no port, https"),
        pytest.param(("reverse_proxy unix//run/a.sock",), POLL, "unix:/run/a.sock", id="a socket file"),
        pytest.param(("reverse_proxy [::1]:9",), POLL, "[::1]:9", id="IPv6"),
        pytest.param(("reverse_proxy {", "to a:1", "}"), POLL, "a:1", id="to"),
        pytest.param(("import proxied b:2",), POLL, "b:2", id="a snippet"),
        pytest.param(("reverse_proxy {$NOT_SET:b}:2",), POLL, "b:2", id="a variable's default"),
    ],
)
def test_who_gets_it(lines: tuple[str, ...], target: str, to: str) -> None:
    text = "(proxied) {\n\treverse_proxy {args[0]}\n}\n" + site(*lines)
    assert passed(ask(text, target)).to == (to,)


@pytest.mark.parametrize(
    ("lines", "target", "sent"),
    [
        (("handle_path /app/* {", "reverse_proxy a:1", "}"), "/app/socket.io/?a=1", "/socket.io/?a=1"),
        (("handle /app/* {", "reverse_proxy a:1", "}"), "/app/socket.io/?a=1", "/app/socket.io/?a=1"),
        (("rewrite /path /path/", "handle_path /path/* {", "rewrite * /socket.io{path}", "reverse_proxy a:1", "}"),
         "/path?a=1", "/socket.io/?a=1"),
        (("uri strip_prefix /app", "reverse_proxy a:1"), "/app/x", "/x"),
        (("uri replace /a /b", "reverse_proxy a:1"), "/a/a", "/b/b"),
        (("reverse_proxy a:1 {", "rewrite /in{uri}", "}"), "/x?y", "/in/x?y"),
    ],
)  # fmt: skip
def test_what_path_it_gets(lines: tuple[str, ...], target: str, sent: str) -> None:
    assert passed(ask(site(*lines), target)).request.target == sent


@pytest.mark.parametrize(
    ("options", "parts", "header", "value"),
    [
        ((), {}, "Host", "example.com"),
        (("header_up Host {upstream_hostport}",), {}, "Host", "a:1"),
        (("header_up -Host",), {}, "Host", "a:1"),
        ((), {}, "X-Forwarded-Proto", "https"),
        ((), {}, "X-Forwarded-Host", "example.com"),
        ((), {"headers": (("X-Forwarded-For", "1.2.3.4"),)}, "X-Forwarded-For", "203.0.113.9"),
        (("trusted_proxies private_ranges",), {"headers": (("X-Forwarded-For", "1.2.3.4"),), "client": "10.0.0.1"},
         "X-Forwarded-For", "1.2.3.4, 10.0.0.1"),
        (("trusted_proxies 10.0.0.0/8",), {"headers": (("X-Forwarded-Proto", "wss"),)}, "X-Forwarded-Proto", "https"),
        ((), {}, "Origin", ""),
        (("header_up Origin {scheme}://{host}",), {}, "Origin", "https://example.com"),
        ((), {"headers": WEBSOCKET}, "Upgrade", "websocket"),
        ((), {"headers": WEBSOCKET}, "Connection", "Upgrade"),
        ((), {"headers": (("Connection", "keep-alive"),)}, "Connection", ""),
        (("header_up -Upgrade",), {"headers": WEBSOCKET}, "Upgrade", ""),
        (("header_up X-Site {no.such}",), {}, "X-Site", "{no.such}"),
        (("header_up Cookie sid=\\w+ sid=x",), {"headers": (("Cookie", "sid=abc"),)}, "Cookie", "sid=x"),
    ],
)  # fmt: skip
def test_what_headers_it_gets(options: tuple[str, ...], parts: dict[str, Any], header: str, value: str) -> None:
    request = passed(ask(site("reverse_proxy a:1 {", *options, "}"), **parts)).request
    assert (request.host if header == "Host" else request.value(header)) == value


@pytest.mark.parametrize(
    ("version", "host"),
    [("2.6.2", "example.com"), ("v2.10.2", "example.com"), ("2.11.0", "a:443"), ("", "example.com")],
)
def test_the_host_of_an_https_upstream_depends_on_the_version(version: str, host: str) -> None:
    outcome = passed(ask(site("reverse_proxy https://a"), version=version))
    assert outcome.request.host == host
    assert outcome.request.tls
    assert bool(outcome.assumed) is (version == "")


@pytest.mark.parametrize(("version", "host"), [("2.6.2", "{no.such}"), ("2.7.0", ""), ("2.11.4", "")])
def test_a_host_that_is_none_is_sent_empty(version: str, host: str) -> None:
    lines = ("reverse_proxy a:1 {", "header_up Host {no.such}", "}")
    assert passed(ask(site(*lines), version=version)).request.host == host


@pytest.mark.parametrize(
    ("version", "lines", "target", "sent"),
    [
        ("2.6.2", ("route {", "uri strip_prefix /a", "rewrite * /in{uri}", "}"), "/a?x=1", "/in?x=1"),
        ("2.7.0", ("route {", "uri strip_prefix /a", "rewrite * /in{uri}", "}"), "/a?x=1", "/in/?x=1"),
        ("2.6.2", ("rewrite * /in{path}",), "/a%3Fb", "/in/a?b"),
        ("2.7.0", ("rewrite * /in{path}",), "/a%3Fb", "/in/a%3Fb"),
        ("2.7.0", ("rewrite * /in{path}",), "/a%252Fb", "/in/a%252Fb"),
        ("2.11.3", ("rewrite * /in{uri}",), "/a?x={http.request.method}", "/in/a?x=GET"),
        ("2.11.4", ("rewrite * /in{uri}",), "/a?x={http.request.method}", "/in/a?x=%7Bhttp.request.method%7D"),
        ("2.9.0", ("vars cut /a", "uri strip_prefix {vars.cut}"), "/a/b", "/b"),
    ],
)
def test_what_path_it_gets_depends_on_the_version(version: str, lines: tuple[str, ...], target: str, sent: str) -> None:
    assert passed(ask(site(*lines, "reverse_proxy a:1"), target, version=version)).request.target == sent


@pytest.mark.parametrize(("version", "to"), [("2.6.2", "b:2"), ("2.6.3", "a:1")])
def test_handles_within_route(version: str, to: str) -> None:
    """The first sends nothing on; before 2.6.3 the second had its turn all the same."""
    lines = ("route {", "handle /socket.io/* {", "vars a b", "}", "handle {", "reverse_proxy b:2", "}", "}")
    assert passed(ask(site(*lines, "reverse_proxy a:1"), version=version)).to == (to,)


@pytest.mark.parametrize(
    ("version", "method", "status"), [("2.6.2", "POST", 200), ("2.6.3", "POST", 405), ("2.6.3", "HEAD", 200)]
)
def test_a_file_is_only_read(version: str, method: str, status: int) -> None:
    outcome = ask(site("try_files {path} /index.html", "file_server"), version=version, method=method)
    assert isinstance(outcome, Answered)
    assert outcome.status == status


def test_what_is_only_known_at_run_time_is_unknown() -> None:
    outcome = passed(
        ask(site("reverse_proxy a:1 b:2 {", "header_up Host {upstream_hostport}", "header_up X-Id {uuid}", "}"))
    )
    assert set(outcome.unknown) == {"host", "x-id"}


@pytest.mark.parametrize(
    ("options", "affinity", "by"),
    [
        ((), Affinity.NONE, ""),
        (("lb_policy round_robin",), Affinity.NONE, ""),
        (("lb_policy ip_hash",), Affinity.ADDRESS, ""),
        (("lb_policy client_ip_hash",), Affinity.ADDRESS, ""),
        (("lb_policy cookie stuck secret",), Affinity.COOKIE, "stuck"),
        (("lb_policy header X-User",), Affinity.OTHER, "the header X-User"),
        (("lb_policy uri_hash",), Affinity.OTHER, "the URI"),
        (("lb_policy first",), Affinity.OTHER, "the first server that is up"),
    ],
)
def test_by_what_one_of_several_is_chosen(options: tuple[str, ...], affinity: Affinity, by: str) -> None:
    several = passed(ask(site("reverse_proxy a:1 b:2 {", *options, "}")))
    assert (several.affinity, several.by, several.to) == (affinity, by, ("a:1", "b:2"))
    alone = passed(ask(site("reverse_proxy a:1 {", *options, "}")))
    assert alone.affinity is Affinity.NONE


@pytest.mark.parametrize(
    ("options", "polling", "websocket"),
    [
        ((), None, None),
        (("transport http {", "read_timeout 90s", "}"), 90, 90),
        (("transport http {", "response_header_timeout 20s", "}"), 20, None),
        (("stream_timeout 1h",), None, 3600),
        (("transport http {", "dial_timeout 5s", "}", "flush_interval -1"), None, None),
    ],
)
def test_how_long_it_waits(options: tuple[str, ...], polling: float | None, websocket: float | None) -> None:
    text = site("reverse_proxy a:1 {", *options, "}")
    assert passed(ask(text)).idle_seconds == polling
    assert passed(ask(text, headers=WEBSOCKET)).idle_seconds == websocket


def test_an_upstream_of_http2_alone_takes_no_websocket() -> None:
    text = site("reverse_proxy h2c://a:1")
    assert passed(ask(text)).request.version == "2"
    assert not passed(ask(text)).relays_upgrade
    outcome = ask(text, headers=WEBSOCKET)
    assert isinstance(outcome, Answered)
    assert outcome.status == 502


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (("respond hello 404",), 404),
        (("respond 204",), 204),
        (("error 503",), 503),
        (("abort",), None),
        (("file_server",), 404),
        (("root * /srv", "try_files {path} /index.html", "file_server"), 200),
        (("basic_auth {", "ann hash", "}", "reverse_proxy a:1"), 401),
        (("reverse_proxy /other/* a:1",), 200),
    ],
)
def test_what_is_answered(lines: tuple[str, ...], status: int | None) -> None:
    outcome = ask(site(*lines))
    assert isinstance(outcome, Answered)
    assert outcome.status == status


@pytest.mark.parametrize(
    ("text", "parts", "status", "to"),
    [
        (site("redir https://www.example.com{uri}"), {}, 302, "https://www.example.com" + POLL),
        (site("redir * /elsewhere permanent"), {}, 301, "/elsewhere"),
        (site("respond ok"), {"port": 80, "tls": False}, 308, "https://example.com" + POLL),
        (
            site("respond ok", address="example.com:8443"),
            {"port": 80, "tls": False},
            308,
            "https://example.com:8443" + POLL,
        ),
    ],
)
def test_who_is_sent_elsewhere(text: str, parts: dict[str, Any], status: int, to: str) -> None:
    outcome = ask(text, **parts)
    assert isinstance(outcome, Redirected)
    assert (outcome.status, outcome.to) == (status, to)


AUTH = ("forward_auth auth:9091 {", "uri /api/verify", "copy_headers Remote-User>X-User", "}")


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        pytest.param((*AUTH, "reverse_proxy a:1"), ["auth:9091/api/verify"], id="before the proxy, as Caddy orders it"),
        pytest.param(("reverse_proxy a:1", *AUTH), ["auth:9091/api/verify"], id="wherever it stands"),
        pytest.param(
            ("forward_auth /private/* auth:9091 {", "uri /v", "}", "reverse_proxy a:1"), [], id="for other paths"
        ),
        pytest.param(("route {", "reverse_proxy a:1", *AUTH, "}"), [], id="after the proxy in a route"),
        pytest.param(
            ("handle /socket.io/* {", "reverse_proxy a:1", "}", "handle {", *AUTH, "reverse_proxy a:1", "}"),
            [],
            id="exempt",
        ),
    ],
)
def test_who_is_asked_first(lines: tuple[str, ...], asked: list[str]) -> None:
    outcome = passed(ask(site(*lines)))
    assert [each.address for each in outcome.consulted] == asked
    assert ("x-user" in outcome.unknown) is (bool(asked) and "copy_headers" in " ".join(lines))


@pytest.mark.parametrize(
    ("lines", "line", "why"),
    [
        (("reverse_proxy {$BACKEND}:9000",), 2, "BACKEND"),
        (("import other.conf", "reverse_proxy a:1"), 2, "other.conf"),
        (("rate_limit {", "zone x", "}", "reverse_proxy a:1"), 2, "rate_limit"),
        (("@e expression `path('/a')`", "reverse_proxy @e a:1"), 2, "expression"),
        (("reverse_proxy {", "dynamic srv _http._tcp.example.com", "}"), 2, "dynamic"),
    ],
)
def test_what_is_not_known_is_undecided(lines: tuple[str, ...], line: int, why: str) -> None:
    outcome = ask(site(*lines))
    assert isinstance(outcome, Undecided)
    assert why in outcome.why
    assert outcome.location is not None
    assert outcome.location.line == line


def test_what_else_is_known_beside_it_decides() -> None:
    text = site("@e expression `true`", "handle @e {", "respond no", "}", "redir /socket.io/* /x")
    assert isinstance(ask(text), Redirected)
