"""What is broken in nginx, which check sees it, and under which code: real nginx before the demo's real Socket.IO."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Coroutine

import pytest

from demo.running import RunningBench
from raven_realtime.live import Outcome, Result
from raven_realtime.live.checks import connect, event, handshake, session, upgrade
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Credentials, Target
from tests.live.conftest import HEALTHY, StartNginx

NO_UPSTREAM = HEALTHY.replace("$socketio", "http://127.0.0.1:1")
EARLIER: dict[str, tuple[str, ...]] = {
    "handshake": (),
    "upgrade": ("handshake", "session"),
    "connect": ("handshake", "session"),
    "event": ("handshake", "session"),
}
"""What is asked before a check, and has to pass: a fault shows where it is and not earlier."""


def say(status: str, body: str, kind: str = "text/html") -> str:
    return f"default_type {kind}; return {status} '{body}';"


# fault: the check that fails, its code, the location of /socket.io/ (None: there is none)
TABLE: dict[str, tuple[str, str, str | None]] = {
    "no location, so the web answers": ("handshake", "RT001", None),
    "a page of another service": ("handshake", "RT005", say("200", "<html><title>Wiki</title></html>")),
    "nothing on the upstream's port": ("handshake", "RT002", NO_UPSTREAM),
    "the upstream never answers": ("handshake", "RT003", "return 504;"),
    "the protocol version is changed": ("handshake", "RT007", "set $args EIO=9&transport=polling;" + HEALTHY),
    "basic auth": ("handshake", "RT026", "auth_basic all; auth_basic_user_file /dev/null;" + HEALTHY),
    "a login elsewhere": ("handshake", "RT026", "return 302 https://login.example.com/?next=x;"),
    "a redirect to https": ("handshake", "RT040", "return 301 https://$host$request_uri;"),
    "a redirect loop": ("handshake", "RT040", "return 302 $request_uri;"),
    "ngrok's warning": ("handshake", "RT027", say("200", "<html>ngrok ERR_NGROK_6024</html>")),
    "ngrok has no agent": ("handshake", "RT028", say("404", "The endpoint is offline. ERR_NGROK_3200", "text/plain")),
    "ngrok's agent finds nothing": ("handshake", "RT002", say("502", "ERR_NGROK_8012", "text/plain")),
    "text that is no packet": ("handshake", "RT037", say("200", "hello", "text/plain")),
    "an internal error": ("handshake", "RT037", "return 500;"),
    "a bare proxy_pass": ("upgrade", "RT025", "proxy_pass $socketio;"),
    "no Upgrade header": ("upgrade", "RT025", HEALTHY.replace("proxy_set_header Upgrade $http_upgrade;", "")),
    "closes after a second": ("upgrade", "RT023", HEALTHY + "proxy_read_timeout 1s;"),
    "closes when idle": ("upgrade", "RT022", HEALTHY + "proxy_read_timeout 4s;"),
    "Origin is passed on as it came": ("connect", "RT008", HEALTHY.replace("$asked_from", "$http_origin")),
    "Origin is another host": ("connect", "RT008", HEALTHY.replace("$asked_from", "https://elsewhere.example")),
    "another site's header": ("connect", "RT009", HEALTHY.replace("raven.localhost", "second.localhost")),
    "the callback leads nowhere": ("event", "RT012", HEALTHY.replace("$asked_from", "http://$host:1")),
    "the cookie is dropped": ("event", "RT013", HEALTHY + 'proxy_set_header Cookie "";'),
}


Asked = Callable[[str, Target], Result]


@pytest.fixture
def asked(publisher: Publisher, credentials: Credentials) -> Asked:
    """Ask a check by its name."""

    def ask(name: str, target: Target) -> Result:
        questions: dict[str, Callable[[], Coroutine[None, None, Result]]] = {
            "handshake": lambda: handshake.check(target),
            "session": lambda: session.check(target),
            "upgrade": lambda: upgrade.check(target, 5),
            "connect": lambda: connect.check(target),
            "event": lambda: event.check(dataclasses.replace(target, credentials=credentials), publisher, "general"),
        }
        return asyncio.run(questions[name]())

    return ask


@pytest.mark.parametrize(("check", "code", "location"), TABLE.values(), ids=TABLE.keys())
def test_fault(asked: Asked, nginx: StartNginx, check: str, code: str, location: str | None) -> None:
    target = nginx(location)
    for earlier in EARLIER[check]:
        assert asked(earlier, target).ok, earlier
    result = asked(check, target)
    assert result.outcome is Outcome.FAIL
    assert [finding.code for finding in result.findings] == [code], result


def test_sessions_are_spread_over_two_processes(
    asked: Asked, bench: RunningBench, nginx: StartNginx, second_socketio: str
) -> None:
    servers = " ".join(f"server {url.removeprefix('http://')};" for url in (bench.socketio_url, second_socketio))
    target = nginx(HEALTHY.replace("$socketio", "http://pool"), http=f"upstream pool {{ {servers} }}")
    result = asked("session", target)
    assert [finding.code for finding in result.findings] == ["RT006"], result


@pytest.mark.parametrize("check", ["handshake", "session", "upgrade", "connect", "event"])
def test_healthy_path(asked: Asked, nginx: StartNginx, check: str) -> None:
    result = asked(check, nginx())
    assert result.ok, result
    assert [finding.code for finding in result.findings if finding.code != "RT017"] == []
