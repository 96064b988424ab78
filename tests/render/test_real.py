"""What is rendered, on the real program, before a bench that checks what Frappe checks."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from raven_realtime.live.checks import connect
from raven_realtime.render.command import rendered
from tests.render import programs
from tests.render.asked import works
from tests.render.conftest import HOST, Stand
from tests.render.programs import PROGRAMS
from toolchain import newest

NEWEST = {
    "bench": "nginx",
    "caddy": "caddy",
    "haproxy": "haproxy",
    "nginx": "nginx",
    "nginx-proxy-manager": "nginx",
}
"""Targets, and the program whose newest version is asked too."""
BROKEN = {
    "apache": ("setifempty Origin", "setifempty X-Origin"),
    "caddy": ("request_header @without_origin Origin", "request_header @without_origin X-Origin"),
    "haproxy": ("set-header Origin", "set-header X-Origin"),
    "nginx": ("proxy_set_header Origin $raven_origin", "proxy_set_header Origin $http_origin"),
    "traefik": ("Origin: https", "X-Origin: https"),
}
"""What fills in the Origin of each, and what does not."""


@pytest.mark.parametrize("what", PROGRAMS)
def test_a_browser_gets_its_events(what: str, stand: Stand, tmp_path: Path) -> None:
    with PROGRAMS[what](stand, tmp_path):
        works(stand.target, stand.bench.path, stand.sid)


@pytest.mark.parametrize("what", NEWEST)
def test_and_from_the_newest_version(what: str, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(newest.program(NEWEST[what]).parent), prepend=":")
    with PROGRAMS[what](stand, tmp_path):
        works(stand.target, stand.bench.path, stand.sid)


@pytest.mark.parametrize("what", BROKEN)
def test_without_the_origin_it_is_found_out(
    what: str, stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = BROKEN[what]

    def broken(name: str, given: dict[str, object]) -> str:
        text = rendered(name, given)
        assert old in text
        return text.replace(old, new)

    monkeypatch.setattr(programs, "rendered", broken)
    with PROGRAMS[what](stand, tmp_path):
        found = asyncio.run(connect.check(stand.target)).findings
    assert [each.code for each in found] == ["RT008"]


@pytest.mark.parametrize("what", ["apache", "bench", "caddy", "haproxy"])
def test_plain_http_is_sent_to_https(what: str, stand: Stand, tmp_path: Path) -> None:
    with PROGRAMS[what](stand, tmp_path):
        answer = httpx.get(f"http://{HOST}/app?x=1", trust_env=False)
    assert answer.is_redirect
    assert answer.headers["Location"] == f"https://{HOST}/app?x=1"
