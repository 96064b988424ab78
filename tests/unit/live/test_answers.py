"""What an HTTP answer means: the same table for live answers and for what curl printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raven_realtime.live import Outcome
from raven_realtime.live.answer import BODY_LIMIT, Answer
from raven_realtime.live.checks import handshake
from raven_realtime.live.checks.edge import sites_name
from raven_realtime.live.engineio import UPGRADE
from raven_realtime.live.refusals import refused, stack
from raven_realtime.live.target import Place, Target
from raven_realtime.shown import shown

OPEN = (
    '0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],'
    '"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}'
)
NGINX = {"server": "nginx/1.22.1", "content-type": "text/html"}
TEXT = {"content-type": "text/plain; charset=utf-8"}
FRAPPE = {"server": "gunicorn", "content-type": "text/html"}


def page(title: str) -> str:
    return f"<html><head><title>{title}</title></head></html>"


# what answered: status, headers, body; the code; who is seen to have answered
REFUSED = {
    "Frappe's 404 page": (404, FRAPPE, page("Not Found"), "RT001", "frappe"),
    "Frappe's page with 200": (200, {**NGINX, "x-page-name": "login"}, page("Login"), "RT001", "nginx"),
    "nginx's 404 page": (404, NGINX, page("404 Not Found"), "RT001", "nginx"),
    "Traefik has no router": (404, TEXT, "404 page not found\n", "RT001", "traefik"),
    "nginx's 502": (502, NGINX, page("502 Bad Gateway"), "RT002", "nginx"),
    "Traefik's 502": (502, TEXT, "Bad Gateway", "RT002", "traefik"),
    "Traefik has no healthy server": (503, TEXT, "no available server\n", "RT002", "traefik"),
    "Cloudflare finds the server down": (521, {"server": "cloudflare"}, "", "RT002", "cloudflare"),
    "ngrok's agent finds nothing": (502, {"ngrok-error-code": "ERR_NGROK_8012"}, "", "RT002", "ngrok"),
    "nginx's 504": (504, NGINX, page("504 Gateway Time-out"), "RT003", "nginx"),
    "Cloudflare's 524": (524, {"server": "cloudflare"}, "", "RT003", "cloudflare"),
    "Traefik's 504": (504, TEXT, "Gateway Timeout", "RT004", "traefik"),
    "a page of somebody else": (200, {"content-type": "text/html"}, page("Wiki"), "RT005", ""),
    "session unknown": (400, {}, '{"code":1,"message":"Session ID unknown"}', "RT006", ""),
    "session unknown to Python": (400, {}, '"Invalid session nIj-4RqXKl2"', "RT006", ""),
    "unknown transport": (400, {}, '{"code":0,"message":"Transport unknown"}', "RT007", ""),
    "bad handshake method": (400, {}, '{"code":2,"message":"Bad handshake method"}', "RT007", ""),
    "bad request": (400, {}, '{"code":3,"message":"Bad request"}', "RT007", ""),
    "forbidden by allowRequest": (403, {}, '{"code":4,"message":"Forbidden"}', "RT026", ""),
    "unsupported protocol": (400, {}, '{"code":5,"message":"Unsupported protocol version"}', "RT007", ""),
    "http to an https port": (400, NGINX, page("400 The plain HTTP request was sent to HTTPS port"), "RT007", "nginx"),
    "unauthorized": (401, NGINX, page("401"), "RT026", "nginx"),
    "redirect to a login": (302, {"location": "https://sso.example.com/auth?rd=x"}, "", "RT026", ""),
    "redirect to a login on this path": (302, {"location": "https://auth.example.com/socket.io/"}, "", "RT026", ""),
    "redirect to https": (301, {"location": "https://chat.example.com/socket.io/?EIO=4"}, "", "RT040", ""),
    "redirect to the slash": (301, {"location": "http://chat.example.com:8005/socket.io/"}, "", "RT040", ""),
    "ngrok's warning": (200, {"content-type": "text/html"}, "<html>ERR_NGROK_6024</html>", "RT027", "ngrok"),
    "ngrok endpoint offline": (404, {"ngrok-error-code": "ERR_NGROK_3200"}, "", "RT028", "ngrok"),
    "ngrok limit": (429, {"ngrok-error-code": "ERR_NGROK_734"}, "", "RT028", "ngrok"),
    "internal error": (500, TEXT, "Internal Server Error", "RT037", ""),
    "nothing in the body": (200, {}, "", "RT037", ""),
    "an open packet of version 3": (200, {}, "96:" + OPEN, "RT037", ""),
    "an open packet cut off": (200, {}, OPEN[:40], "RT037", ""),
    "an open packet without its parts": (200, {}, '0{"sid":"x"}', "RT037", ""),
}


@pytest.mark.parametrize(
    "body",
    [page("400 The plain HTTP request was sent to HTTPS port"), "Client sent an HTTP request to an HTTPS server.\n"],
    ids=["nginx", "Go, so Traefik too"],
)
def test_a_port_that_wants_tls(body: str) -> None:
    (found,) = handshake.judge(Answer(400, NGINX, body.encode()), Place.PUBLIC).findings
    assert "ask it with `https://`" in found.todo


@pytest.mark.parametrize(
    ("url", "status", "headers", "body", "said"),
    [
        ("http://c.example", 301, {"location": "https://c.example/socket.io/"}, "", "doctor https://c.example`"),
        ("http://c.example", 301, {"location": "https://c.example:8443/"}, "", "doctor https://c.example:8443`"),
        ("http://c.example:443", 404, TEXT, "404 page not found", "doctor https://c.example`"),
        ("https://c.example:80", 404, TEXT, "404 page not found", "doctor http://c.example`"),
        ("https://192.0.2.1", 404, TEXT, "404 page not found", "doctor https://NAME --resolve 192.0.2.1`"),
        ("https://192.0.2.1", 421, TEXT, "not this host", "doctor https://NAME --resolve 192.0.2.1`"),
        ("https://c.example", 404, TEXT, "404 page not found", ""),
        ("https://c.example", 301, {"location": "https://d.example/socket.io/"}, "", ""),
        ("http://192.0.2.1:8000", 404, NGINX, page("404 Not Found"), ""),
    ],
)
def test_a_url_that_is_mistaken(url: str, status: int, headers: dict[str, str], body: str, said: str) -> None:
    (found,) = handshake.judge(Answer(status, headers, body.encode()), Place.PUBLIC, Target.parse(url)).findings
    assert said in found.remedy
    assert bool(found.remedy) is bool(said)


@pytest.mark.parametrize(("status", "headers", "body", "code", "who"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_handshake(status: int, headers: dict[str, str], body: str, code: str, who: str) -> None:
    answer = Answer(status, headers, body.encode())
    result = handshake.judge(answer, Place.PUBLIC)
    assert result.outcome is Outcome.FAIL
    assert [finding.code for finding in result.findings] == [code]
    assert stack(answer) == who


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, '{"code":3,"message":"Bad request"}', "RT025"),
        (400, '{"code":1,"message":"Session ID unknown"}', "RT006"),
        (200, OPEN, "RT025"),
        (426, "", "RT025"),
        (502, "", "RT002"),
    ],
)
def test_refused_upgrade(status: int, body: str, code: str) -> None:
    assert refused(UPGRADE, Answer(status, {}, body.encode())).code == code


def test_handshake_passes_without_the_whole_sid() -> None:
    result = handshake.judge(Answer(200, {}, OPEN.encode()), Place.ORIGIN)
    assert result.outcome is Outcome.PASS
    assert result.summary == "200, open packet, sid lv_V…, pingInterval 25000"
    assert "lv_VI97HAXpY6yYWAAAC" not in repr(result)
    assert result.facts["upgrades"] == ["websocket"]


@pytest.mark.parametrize(
    ("place", "code"), [(Place.ORIGIN, "RT002"), (Place.MULTIPLEXER, "RT035"), (Place.PUBLIC, "RT035")]
)
def test_nothing_answered(place: Place, code: str) -> None:
    assert [finding.code for finding in handshake.judge(None, place).findings] == [code]


ALLOWED = {"access-control-allow-origin": "https://a.example", "access-control-allow-credentials": "true"}


@pytest.mark.parametrize(
    ("headers", "codes"),
    [
        (ALLOWED, []),
        ({}, ["RT019"]),
        ({**ALLOWED, "access-control-allow-origin": "*"}, ["RT019"]),
        ({**ALLOWED, "access-control-allow-origin": "https://a.example, https://a.example"}, ["RT019"]),
        ({"access-control-allow-origin": "https://a.example"}, ["RT019"]),
    ],
    ids=["allowed", "no header", "any origin", "twice", "no credentials"],
)
def test_a_page_on_another_origin(headers: dict[str, str], codes: list[str]) -> None:
    target = Target.parse("https://b.example", page="https://a.example/chat")
    result = handshake.judge(Answer(200, headers, OPEN.encode()), Place.PUBLIC, target)
    assert [finding.code for finding in result.findings] == codes


@pytest.mark.parametrize(
    ("url", "codes"),
    [("https://a.example", []), ("http://a.example", []), ("https://a.example:8443", ["RT017"]), ("a.example:80", [])],
)
def test_a_port_of_its_own(url: str, codes: list[str]) -> None:
    result = handshake.judge(Answer(200, {}, OPEN.encode()), Place.PUBLIC, Target.parse(url))
    assert [finding.code for finding in result.findings] == codes
    assert result.ok


HEAD = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A: b: c\r\n\r\n"
CURL = {
    "plain": (HEAD + OPEN, 200, OPEN),
    "bare newlines": (HEAD.replace("\r", "") + OPEN, 200, OPEN),
    "HTTP/2": (HEAD.replace("HTTP/1.1 200 OK", "HTTP/2 200 ") + OPEN, 200, OPEN),
    "after 100 Continue": ("HTTP/1.1 100 Continue\r\n\r\n" + HEAD + OPEN, 200, OPEN),
    "after a proxy's CONNECT": ("HTTP/1.1 200 Connection established\r\n\r\n" + HEAD + OPEN, 200, OPEN),
    "no body": ("HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n\r\n", 502, ""),
    "no end of the head": ("HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\n", 502, ""),
}


@pytest.mark.parametrize(("printed", "status", "body"), CURL.values(), ids=CURL.keys())
def test_from_curl(printed: str, status: int, body: str) -> None:
    answer = Answer.from_curl(printed.encode())
    assert answer is not None
    assert (answer.status, answer.text) == (status, body)


@pytest.mark.parametrize("printed", [b"", b"\n", b"curl: (7) Failed to connect", b"<html>"])
def test_from_curl_that_reached_nobody(printed: bytes) -> None:
    assert Answer.from_curl(printed) is None


@given(st.binary(max_size=400))
def test_anything_from_the_wire_gets_a_verdict(rest: bytes) -> None:
    for printed in (
        rest,
        b"HTTP/1.1 200 OK\r\n" + rest,
        b"HTTP/1.1 200 OK\r\n\r\n" + rest,
        b"HTTP/2 400 \r\n\r\n" + rest,
    ):
        result = handshake.judge(Answer.from_curl(printed), Place.PUBLIC)
        assert result.outcome is Outcome.FAIL
        assert "\n" not in result.summary


@given(st.text(max_size=500))
def test_shown_text_is_one_short_printable_line(text: str) -> None:
    line = shown(text)
    assert len(line) <= 160
    assert line.isprintable()


@pytest.mark.parametrize(
    "text", ["sid=abcdefgh123", '{"sid":"abcdefgh123"}', "Authorization: abcdefgh123", "api_key=abcdefgh123"]
)
def test_shown_text_hides_what_looks_secret(text: str) -> None:
    assert "abcdefgh123" not in shown(text)


def test_a_large_body_is_cut() -> None:
    answer = Answer.from_curl(HEAD.encode() + b"x" * (BODY_LIMIT + 1))
    assert answer is not None
    assert (len(answer.body), answer.truncated) == (BODY_LIMIT, True)


@pytest.mark.parametrize(
    ("text", "site"),
    [
        ('<script>frappe.boot = {"lang": "en", "sitename": "a.example.com"}</script>', "a.example.com"),
        (r'<script>frappe.boot = JSON.parse("{\"sitename\": \"a.example.com\"}")</script>', "a.example.com"),
        ('<script>window.site_name = "a.example.com"</script>', "a.example.com"),
        ('<meta property="og:site_name" content="Chat">', ""),
        ('<script>x = {"sitename": "<img src=x>"}</script>', ""),
        ("<html>no boot", ""),
    ],
)
def test_the_site_that_a_page_names(text: str, site: str) -> None:
    assert sites_name(Answer(200, {"content-type": "text/html"}, text.encode())) == site
