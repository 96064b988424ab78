"""Conditions of ngrok's Traffic Policy: what can be told of a request, and what cannot."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raven_realtime.proxies.interface import Request
from raven_realtime.proxies.tunnels.expressions import evaluate, interpolate

REQUEST = Request("A.example.com:8080", "/ws/?EIO=4&q=", headers=(("Upgrade", "websocket"),))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("req.url.path.startsWith('/ws')", True),
        ("!req.url.path.startsWith('/ws')", False),
        ("req.url.path == '/x' || req.method == \"GET\"", True),
        ("req.url.path == '/x' && req.method == 'GET'", False),
        ("req.url.path in ['/a', '/ws/']", True),
        ("req.url.path.matches('^/w.*/$')", True),
        ("req.url.host == 'a.example.com'", True),
        ("req.host.lowerAscii().contains('a.example')", True),
        ("'upgrade' in req.headers", True),
        ("!('authorization' in req.headers)", True),
        ("req.headers['upgrade'][0] == 'websocket'", True),
        ("hasReqHeader('Upgrade') && !hasReqHeader('Cookie')", True),
        ("getQueryParam('EIO')[0] == '4'", True),
        ("conn.client_ip in ['203.0.113.9']", True),
        ("req.url.scheme != 'https'", False),
        ("(true)", True),
        # What is not known stays so, except where it does not matter.
        ("rand.double() <= 0.5", None),
        ("vars.on == true", None),
        ("vars.on == true && false", False),
        ("vars.on == true || true", True),
        ("!vars.on", None),
        ("conn.geo.country_code == 'DE'", None),
        ("req.url.path.matches('(')", None),
        ("a ? b : c", None),
        ("req.url.path.startsWith(", None),
        ("(" * 500, None),
        ("", None),
    ],
)
def test_evaluate(expression: str, expected: bool | None) -> None:
    assert evaluate(expression, REQUEST, "https") is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("https://${req.host}${req.url.path}", "https://A.example.com:8080/ws/"),
        ("${conn.geo.city}", None),
    ],
)
def test_interpolate(text: str, expected: str | None) -> None:
    assert interpolate(text, REQUEST, "https") == expected


@settings(max_examples=100)
@given(st.text(alphabet="req.urlpath()[]!&|='\", in1", max_size=60))
def test_any_text_is_told_or_not(text: str) -> None:
    assert evaluate(text, REQUEST, "https") in (True, False, None)
