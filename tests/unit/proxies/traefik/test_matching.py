"""Single rules against single requests: the cases that people get wrong."""

from __future__ import annotations

from typing import Any

import pytest

from raven_realtime.proxies.traefik.request import PathRules, Rejected, Request, see
from raven_realtime.proxies.traefik.rule import parse


@pytest.mark.parametrize(
    ("rule", "request_", "expected"),
    [
        pytest.param("Host(`A.example`)", {"host": "a.EXAMPLE:8443"}, True, id="host-case-and-port"),
        pytest.param("Host(`a.example`)", {"host": "a.example."}, True, id="host-full-stop"),
        pytest.param("Host(`a.example`)", {"host": "b.a.example"}, False, id="host-no-suffix"),
        pytest.param("Host(`::1`)", {"host": "[::1]:80"}, True, id="host-ipv6"),
        pytest.param("HostRegexp(`example`)", {"host": "my-example.org"}, True, id="host-regexp-not-anchored"),
        pytest.param("HostRegexp(`^(a)?$`)", {"host": "b"}, True, id="host-regexp-that-takes-nothing"),
        pytest.param("PathPrefix(`/socket.io`)", {"target": "/socket.iox"}, True, id="prefix-in-a-segment"),
        pytest.param("PathPrefix(`/socket.io/`)", {"target": "/socket.io"}, False, id="prefix-with-slash"),
        pytest.param("PathPrefix(`/socket.io`)", {"target": "/a/../socket.io/"}, True, id="dots-removed"),
        pytest.param("PathPrefix(`/socket.io`)", {"target": "/%73ocket%2Eio/"}, True, id="escapes-read"),
        pytest.param("PathPrefix(`/socket.io`)", {"target": "//socket.io"}, True, id="slashes-joined"),
        pytest.param("PathPrefix(`/socket.io/`)", {"target": "/socket.io%2F"}, False, id="escaped-slash-kept"),
        pytest.param("Path(`/a%2Fb`)", {"target": "/a%2fb"}, True, id="escaped-slash-upper-case"),
        pytest.param("Path(`/a b`)", {"target": "/a%20b"}, True, id="space"),
        pytest.param("Path(`/é`)", {"target": "/%C3%A9"}, True, id="utf-8"),
        pytest.param("Path(`/socket.io`)", {"target": "/Socket.io"}, False, id="path-case"),
        pytest.param("PathRegexp(`/socket`)", {"target": "/x/socket"}, True, id="path-regexp-not-anchored"),
        pytest.param("Method(`post`)", {"method": "POST"}, True, id="method"),
        pytest.param("Method(`GET`)", {"method": "get"}, False, id="method-sent-in-lower-case"),
        pytest.param("Header(`x-a`, `1`)", {"headers": (("X-A", "0"), ("x-a", "1"))}, True, id="second-header"),
        pytest.param("Header(`X-Forwarded-Proto`, `https`)", {"headers": (("X-Forwarded-Proto", "https"),)}, False,
                     id="forwarded-header-not-trusted"),
        pytest.param("Header(`X-Forwarded-Proto`, `wss`)",
                     {"tls": True, "headers": (("Connection", "Upgrade"), ("Upgrade", "websocket"))}, True, id="wss"),
        pytest.param("Header(`X-A`, `1`)", {"headers": (("X-A", "1"), ("Connection", "X-A"))}, False, id="hop-by-hop"),
        pytest.param("Query(`EIO`, `4`)", {"target": "/?x=1&EIO=4"}, True, id="query"),
        pytest.param("Query(`x`)", {"target": "/?x=1"}, False, id="query-without-value-asks-for-empty"),
        pytest.param("Query(`x`, `1`)", {"target": "/?y;x=1"}, True, id="query-semicolon"),
        pytest.param("Query(`x`, `a b`)", {"target": "/?x=a+b"}, True, id="query-plus"),
        pytest.param("ClientIP(`10.0.0.0/8`)", {"client_ip": "10.1.2.3"}, True, id="client"),
        pytest.param("ClientIP(`::/0`)", {"client_ip": "10.1.2.3"}, False, id="client-other-family"),
        pytest.param("!Host(`a`) || Path(`/`)", {"host": "a"}, True, id="not-or"),
    ],
)  # fmt: skip
def test_match(rule: str, request_: dict[str, Any], expected: bool) -> None:
    assert parse(rule).matches(see(Request(**{"host": "a.example"} | request_))) is expected


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(Request("a", "/%zz"), id="escape"),
        pytest.param(Request("a", "/a#b"), id="fragment"),
        pytest.param(Request("a", "relative"), id="relative"),
        pytest.param(Request("a b", "/"), id="host-with-space"),
        pytest.param(Request("", "/"), id="no-host"),
        pytest.param(Request("a", "/\x01"), id="control"),
        pytest.param(Request("a", "/", method="G ET"), id="method"),
    ],
)
def test_rejected(request_: Request) -> None:
    with pytest.raises(Rejected):
        see(request_)


def test_paths_are_left_alone_where_sanitizing_is_off() -> None:
    assert see(Request("a", "/x/../socket.io"), PathRules(sanitize=False)).path == b"/x/../socket.io"
