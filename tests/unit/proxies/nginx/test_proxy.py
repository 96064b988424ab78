"""nginx as a proxy of the common interface: what it passes on, whom it asks first, how it chooses a server."""

from __future__ import annotations

import pytest

from raven_realtime.proxies.interface import Affinity, Answered, Passed, Redirected, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.parse import parse_text
from raven_realtime.proxies.nginx.proxy import Nginx
from raven_realtime.proxies.nginx.routing import Configuration


def nginx(text: str) -> Nginx:
    return Nginx("n.conf", Configuration(parse_text(text, "n.conf", check=False)), Location("n.conf"))


@pytest.mark.parametrize(
    ("inner", "affinity"),
    [
        ("server a:1; server b:1;", Affinity.NONE),
        ("ip_hash; server a:1; server b:1;", Affinity.ADDRESS),
        ("hash $remote_addr consistent; server a:1; server b:1;", Affinity.ADDRESS),
        ("hash $cookie_sid; server a:1; server b:1;", Affinity.COOKIE),
        ("hash $request_uri; server a:1; server b:1;", Affinity.OTHER),
        ("ip_hash; server a:1;", Affinity.NONE),
    ],
)
def test_how_a_server_is_chosen(inner: str, affinity: Affinity) -> None:
    made = nginx(f"upstream u {{ {inner} }} server {{ location / {{ proxy_pass http://u; }} }}")
    outcome = made.handle(Request("a.example"))
    assert isinstance(outcome, Passed)
    assert outcome.affinity is affinity


@pytest.mark.parametrize(
    ("inner", "to"),
    [
        ("server a:1; server b:1;", ("a:1", "b:1")),
        ("server a:1; server b:1 down;", ("a:1",)),
        ("server a:1; server b:1 backup;", ("a:1",)),
        ("server a:1 down;", None),
        ("0 server a:1; keepalive 32;", None),
    ],
)
def test_which_servers_get_it_while_all_is_well(inner: str, to: tuple[str, ...] | None) -> None:
    made = nginx(f"upstream u {{ {inner} }} server {{ location / {{ proxy_pass http://u; }} }}")
    outcome = made.handle(Request("a.example"))
    if to is None:
        assert isinstance(outcome, Undecided)
        assert "upstream u at n.conf:1 has no server that is in use" in outcome.why
    else:
        assert isinstance(outcome, Passed)
        assert outcome.to == to


def test_who_is_asked_first() -> None:
    made = nginx("server { location / { auth_request /auth; proxy_pass http://b:1; } }")
    outcome = made.handle(Request("a.example"))
    assert isinstance(outcome, Passed)
    assert [(each.address, each.location.line) for each in outcome.consulted] == [("/auth", 1)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("server { listen 8005; }", [("", 8005, False)]),
        (
            "server { listen 443 ssl; server_name a.example *.b.example; }",
            [("a.example", 443, True), ("*.b.example", 443, True)],
        ),
        ("server { listen 80; server_name _; }", [("", 80, False)]),
        ("server { listen unix:/run/n.sock; }", []),
    ],
)
def test_names_that_it_answers_for(text: str, names: list[tuple[str, int, bool]]) -> None:
    found = nginx(text).entrances()
    assert [(each.host, each.listener.port, each.listener.tls) for each in found] == names


def test_what_it_answers_itself() -> None:
    made = nginx("server { location /a { return 403; } location /b { return 301 https://c.example/; } }")
    answered, redirected = (made.handle(Request("a.example", path)) for path in ("/a", "/b"))
    assert isinstance(answered, Answered)
    assert answered.status == 403
    assert isinstance(redirected, Redirected)
    assert redirected.to == "https://c.example/"
