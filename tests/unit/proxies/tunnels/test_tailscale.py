"""Tailscale's serve and funnel: mount points, names and what is forwarded."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from raven_realtime.proxies.interface import Answered, Outcome, Passed, Redirected, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.tunnels import tailscale
from raven_realtime.proxies.unreadable import Unreadable

HOST = "box.tail1234.ts.net"
PLACE = Location("setup.sh", 3)
UPGRADE = (("Origin", f"https://{HOST}"), ("Connection", "Upgrade"), ("Upgrade", "websocket"))


def asked(path: str = "/", host: str = HOST, port: int | None = 443, *, tls: bool = True) -> Request:
    return Request(host, path, headers=UPGRADE, tls=tls, port=port)


def serving(*commands: str) -> tailscale.Tailscale:
    return tailscale.read_commands([(command, PLACE) for command in commands], "box", PLACE)


def passed(outcome: Outcome) -> Passed:
    assert isinstance(outcome, Passed), outcome
    return outcome


def test_what_the_server_gets() -> None:
    request = Request(
        HOST,
        "/a?b",
        headers=(*UPGRADE, ("X-Forwarded-Proto", "http"), ("Tailscale-User-Login", "x")),
        tls=True,
        port=443,
    )
    outcome = passed(serving("tailscale serve --bg 8005").handle(request))
    got = outcome.request
    assert (outcome.to, got.host, got.target, got.port) == (("127.0.0.1:8005",), HOST, "/a?b", 8005)
    assert got.upgrades
    assert got.values("X-Forwarded-Proto") == ["https"]
    assert got.values("X-Forwarded-Host") == [HOST]
    assert got.value("X-Forwarded-For") == "203.0.113.9"
    assert not got.values("Tailscale-User-Login")
    assert "tailscale-user-login" in outcome.unknown
    assert (outcome.idle_seconds, outcome.location) == (None, PLACE)


@pytest.mark.parametrize(
    ("mount", "target", "path", "expected"),
    [
        pytest.param("/", "9000", "/ws/?a", "/ws/?a", id="at the root nothing is taken off"),
        pytest.param("/ws", "9000", "/ws/?a", "/?a", id="the mount point is taken off"),
        pytest.param("/ws", "http://127.0.0.1:9000/ws", "/ws/?a", "/ws/?a", id="and put back by the server's path"),
        pytest.param("/ws/", "http://127.0.0.1:9000/ws/", "/ws/x", "/ws/x", id="with slashes"),
        pytest.param("/ws", "http://127.0.0.1:9000/in", "/ws", "/in", id="the mount point itself"),
        pytest.param("/ws", "9000", "/ws", "/", id="the mount point itself, without a path behind"),
        pytest.param("/ws", "http://127.0.0.1:9000?k=v", "/ws/?a", "/?k=v&a", id="queries are joined"),
    ],
)
def test_mount_points(mount: str, target: str, path: str, expected: str) -> None:
    command = f"tailscale serve --bg --set-path={mount} {target}"
    assert passed(serving(command).handle(asked(path))).request.target == expected


@pytest.mark.parametrize(
    ("path", "port"),
    [("/", 8000), ("/desk", 8000), ("/ws", 9000), ("/ws/", 9000), ("/ws/../x", 8000), ("/wsx", 8000)],
)
def test_the_nearest_mount_point_is_asked(path: str, port: int) -> None:
    proxy = serving("tailscale serve --bg 8000", "tailscale serve --bg --set-path /ws localhost:9000")
    assert passed(proxy.handle(asked(path))).request.port == port


@pytest.mark.parametrize("path", ["//ws/a", "/%77s/"])
def test_a_mount_point_that_is_spelled_differently_cannot_be_taken_off(path: str) -> None:
    outcome = serving("tailscale serve --bg --set-path /ws localhost:9000").handle(asked(path))
    assert isinstance(outcome, Answered)
    assert outcome.status == 404


@pytest.mark.parametrize(
    ("command", "request_", "to"),
    [
        pytest.param("tailscale serve 8005", asked(), "127.0.0.1:8005", id="443 by default"),
        pytest.param("tailscale serve 8005", asked(port=8443), None, id="and nothing else"),
        pytest.param("tailscale serve --https=8443 8005", asked(port=8443), "127.0.0.1:8005", id="another port"),
        pytest.param(
            "tailscale serve --http 80 8005", asked(host="box", port=80, tls=False), "127.0.0.1:8005", id="http"
        ),
        pytest.param("tailscale serve --tcp 443 tcp://localhost:9000", asked(), "localhost:9000", id="tcp"),
        pytest.param("tailscale serve https+insecure://localhost:8443", asked(), "localhost:8443", id="https"),
        pytest.param("tailscale serve unix:/run/app.sock", asked(), "unix:/run/app.sock", id="unix"),
        pytest.param("tailscale serve https / http://127.0.0.1:3000", asked(), "127.0.0.1:3000", id="before 1.52"),
        pytest.param("tailscale serve https:8443 / 3000", asked(port=8443), "127.0.0.1:3000", id="before 1.52, port"),
        pytest.param("tailscale --socket=/x.sock serve 8005", asked(), "127.0.0.1:8005", id="tailscale's own flags"),
        pytest.param("tailscale serve status", asked(), None, id="no change"),
    ],
)
def test_commands(command: str, request_: Request, to: str | None) -> None:
    outcome = serving(command).handle(request_)
    assert isinstance(outcome, Passed if to else Answered)
    if isinstance(outcome, Passed):
        assert outcome.to == (to,)
        assert outcome.request.host == ("localhost" if to == "unix:/run/app.sock" else request_.host)


@pytest.mark.parametrize(
    ("commands", "serves"),
    [
        (("tailscale serve --bg 8000", "tailscale serve --https=443 off"), False),
        (("tailscale serve --bg 8000", "tailscale serve reset"), False),
        (
            ("tailscale serve --bg 8000", "tailscale serve --bg --set-path /x 1", "tailscale serve --set-path /x off"),
            True,
        ),
    ],
)
def test_what_is_taken_away(commands: tuple[str, ...], serves: bool) -> None:
    assert isinstance(serving(*commands).handle(asked()), Passed if serves else Answered)


@pytest.mark.parametrize(
    ("commands", "is_public"),
    [
        (("tailscale funnel 8000",), True),
        (("tailscale serve --bg 8000",), False),
        (("tailscale serve --bg 8000", "tailscale funnel 443 on"), True),
        (("tailscale funnel 8000", "tailscale funnel 443 off"), False),
    ],
)
def test_funnel(commands: tuple[str, ...], is_public: bool) -> None:
    proxy = serving(*commands)
    assert [web.is_public for web in proxy.webs] == [is_public]
    assert ("tailscale-funnel-request" in passed(proxy.handle(asked())).unknown) is is_public


@pytest.mark.parametrize(
    ("target", "kind"),
    [("text:hello", Answered), ("/var/www", Undecided), ("http://[", Undecided), ("8000", Passed)],
)
def test_targets(target: str, kind: type[Outcome]) -> None:
    assert isinstance(serving(f"tailscale serve {target}").handle(asked()), kind)


CONFIG = """\
{
  "TCP": {"443": {"HTTPS": true}, "80": {"HTTP": true}},
  "Web": {
    "box.tail1234.ts.net:443": {
      "Handlers": {
        "/": {"Proxy": "http://127.0.0.1:8005"},
        "/old": {"Redirect": "301:https://${HOST}/new${REQUEST_URI}"}
      }
    },
    "box.tail1234.ts.net:80": {"Handlers": {"/": {"Proxy": "8005"}}}
  },
  "AllowFunnel": {"box.tail1234.ts.net:443": true}
}
"""


def test_the_configuration_in_json() -> None:
    proxy = tailscale.read(CONFIG, "serve.json")
    assert [(e.host, e.listener.port, e.listener.tls, e.location.line) for e in proxy.entrances()] == [
        (HOST, 443, True, 4),
        (HOST, 80, False, 10),
    ]
    assert str(passed(proxy.handle(asked())).location) == "serve.json:6"
    assert proxy.handle(asked("/old?x")) == Redirected(301, f"https://{HOST}/new/old?x", Location("serve.json", 7))
    plain = passed(proxy.handle(asked(host="box:80", port=80, tls=False)))
    assert not plain.request.values("X-Forwarded-Proto")
    other = proxy.handle(asked(host="other.ts.net"))
    assert isinstance(other, Answered)
    assert other.status is None


def test_the_name_that_a_container_puts_in() -> None:
    text = CONFIG.replace(HOST, "${TS_CERT_DOMAIN}")
    assert isinstance(tailscale.read(text, "s").handle(asked(host="any.ts.net")), Passed)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONFIG, True),
        ('{"TCP": {"443": {"TCPForward": "x:1"}}}', True),
        ('{"Web": 1}', False),
        ('{"TCP": ', False),
        ("", False),
    ],
)
def test_told_by_content(text: str, expected: bool) -> None:
    assert tailscale.is_tailscale(text) is expected


def test_broken_json() -> None:
    with pytest.raises(Unreadable) as raised:
        tailscale.read('{\n "TCP": }', "s")
    assert raised.value.location == Location("s", 2)


JSON = st.recursive(
    st.sampled_from([None, True, 1, "a", "http://[", "x:443", "301:"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["TCP", "Web", "443", "x:443", "Handlers", "/", "Proxy", "Redirect"]), inner, max_size=3
        )
    ),
    max_leaves=12,
)


@settings(max_examples=80)
@given(JSON, st.sampled_from(["/", "*", "", "/a/../..", "/%00"]))
def test_any_json_is_read(value: object, path: str) -> None:
    proxy = tailscale.read(json.dumps(value), "s")
    proxy.handle(asked(path, host="x"))
    proxy.entrances()
