"""Includes whose files are not at hand: what they leave open is not told, and the rest is."""

from __future__ import annotations

from pathlib import Path

import pytest

from raven_realtime.proxies.interface import Passed, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.missing import all_missing
from raven_realtime.proxies.nginx.parse import parse_file
from raven_realtime.proxies.nginx.proxy import Nginx
from raven_realtime.proxies.nginx.routing import Configuration

UPGRADE = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;"
SSL = "include /etc/letsencrypt/options-ssl-nginx.conf;"
WEBSOCKET = Request("a.example", "/ws/", headers=(("Connection", "Upgrade"), ("Upgrade", "websocket")))


def nginx(folder: Path, text: str) -> Nginx:
    file = folder / "site.conf"
    file.write_text(f"server {{\n{text}\n}}")
    return Nginx("site.conf", Configuration(parse_file(file)), Location(str(file)))


@pytest.mark.parametrize(
    ("text", "known", "unknown"),
    [
        pytest.param(
            f"{SSL} location / {{ {UPGRADE} proxy_set_header Host $host; proxy_pass http://b:1; }}",
            {"host": "a.example", "upgrade": "websocket"},
            set(),
            id="certificates change nothing",
        ),
        pytest.param(
            f"location / {{ include proxy_params; {UPGRADE} proxy_pass http://b:1; }}",
            {"host": "a.example", "x-forwarded-proto": "http", "upgrade": "websocket"},
            set(),
            id="Debian's own is known",
        ),
        pytest.param(
            "location / { include snippets/proxy.conf; proxy_set_header Host b.example; proxy_pass http://b:1; }",
            {"host": "b.example"},
            {"*"},
            id="what a location includes may add headers",
        ),
        pytest.param(
            f"include extra.conf; location /ws/ {{ {UPGRADE} proxy_pass http://b:1; }}",
            {"host": "b:1", "upgrade": "websocket"},
            set(),
            id="a location of its own is not left open by its server",
        ),
    ],
)
def test_what_is_sent_on(tmp_path: Path, text: str, known: dict[str, str], unknown: set[str]) -> None:
    outcome = nginx(tmp_path, text).handle(WEBSOCKET)
    assert isinstance(outcome, Passed)
    assert {name: outcome.request.value(name) or outcome.request.host for name in known} == known
    assert set(outcome.unknown) == unknown
    assert outcome.request.version == "1.1"


def test_what_a_server_includes_may_have_a_better_location(tmp_path: Path) -> None:
    outcome = nginx(tmp_path, "include socketio.conf;\nlocation / { proxy_pass http://b:1; }").handle(WEBSOCKET)
    assert isinstance(outcome, Undecided)
    assert outcome.why == f"include socketio.conf at {tmp_path}/site.conf:2 is not here to be read"


def test_a_time_limit_that_may_be_included_is_not_told(tmp_path: Path) -> None:
    passed = [
        nginx(tmp_path, f"location / {{ {limit} include x.conf; proxy_pass http://b:1; }}").handle(WEBSOCKET)
        for limit in ("", "proxy_read_timeout 5s;")
    ]
    assert [each.idle_seconds for each in passed if isinstance(each, Passed)] == [None, None]


@pytest.mark.parametrize(
    ("text", "count"),
    [(SSL, 0), ("include conf.d/*.conf;", 0), ("include x.conf;", 1), ("location / { include y.conf; }", 1)],
)
def test_those_that_matter_are_listed(tmp_path: Path, text: str, count: int) -> None:
    file = tmp_path / "nginx.conf"
    file.write_text(f"http {{ include mime.types; server {{ {text} }} }}")
    assert len(all_missing(parse_file(file))) == count
