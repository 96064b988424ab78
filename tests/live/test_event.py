"""The published event: received once, or why it was not; through nginx, with the demo's own bench command."""

from __future__ import annotations

import asyncio
import dataclasses
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.processes import ROOT
from demo.running import RunningBench
from raven_realtime.live import Outcome, Result
from raven_realtime.live.checks import connect, event, room
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Credentials
from tests.live.conftest import SITE, StartNginx, cli
from tests.toolchain.sshd import serving

BENCH = ROOT / "demo" / "bench"
Event = Callable[..., Result]


@pytest.fixture
def received(nginx: StartNginx, bench: RunningBench, credentials: Credentials, tmp_path: Path) -> Event:
    """Ask the event check through a healthy nginx; ``bench_script`` replaces bench."""

    def ask(channel: str = "general", bench_script: str = "", login: Credentials | None = credentials) -> Result:
        command = BENCH
        if bench_script:
            command = tmp_path / "bench-stand-in"
            command.write_text(f"#!/bin/sh\n{bench_script.replace('BENCH', str(BENCH))}\n")
            command.chmod(command.stat().st_mode | stat.S_IXUSR)
        publisher = Publisher(bench.path, SITE, str(command))
        return asyncio.run(event.check(dataclasses.replace(nginx(), credentials=login), publisher, channel))

    return ask


def test_channel(received: Event) -> None:
    result = received()
    assert result.outcome is Outcome.PASS, result
    assert result.summary.startswith("message_created received in the room of Raven Channel general after ")
    assert result.summary.endswith(", one copy")


def test_own_room(received: Event) -> None:
    result = received(channel="")
    assert result.outcome is Outcome.PASS, result
    assert result.summary.startswith("raven_realtime_check received in the room of demo@example.com after ")


def test_api_key(received: Event, bench: RunningBench) -> None:
    key = bench.bench.api_key(SITE)
    result = received(login=Credentials(api_key=key.key, api_secret=key.secret))
    assert result.outcome is Outcome.PASS, result
    assert key.secret not in repr(result)


def test_two_addresses(nginx: StartNginx, publisher: Publisher, credentials: Credentials) -> None:
    """The second of two tunnels has no web behind it, and Node answers nothing to what is not Socket.IO."""
    page = nginx(location=None)
    alone = nginx(server="location /api/method/frappe { proxy_pass $socketio; }")
    target = dataclasses.replace(alone, page=page.origin, credentials=credentials)
    result = asyncio.run(event.check(target, publisher, "general"))
    assert result.outcome is Outcome.PASS, result


def test_a_page_on_another_host_is_told_what_that_means(nginx: StartNginx) -> None:
    target = dataclasses.replace(nginx(), page="https://chat.example.com")
    (found,) = asyncio.run(connect.check(target)).findings
    assert found.code == "RT008"
    assert "asked by a page on https://chat.example.com" in found.evidence
    assert "one tunnel lead to the nginx multiplexer" in " ".join(found.todo.split())


# The script in place of bench, what is asked for, and the code.
FAULTS = {
    "published twice": ('BENCH "$@" && BENCH "$@"', {}, "RT031"),
    "nothing is published": ("exit 0", {}, "RT021"),
    "bench fails": ("echo no such site; exit 1", {}, "RT043"),
    "a channel that is not the user's": ("", {"channel": "nobody-has-this"}, "RT033"),
    "a session that ended": ("", {"login": Credentials(sid="gone")}, "RT042"),
    "a wrong key": ("", {"login": Credentials(api_key="a", api_secret="b")}, "RT042"),
    "only everybody's room is served": ('case "$*" in *website*) BENCH "$@";; esac', {}, "RT011"),
}


@pytest.mark.parametrize(("script", "options", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_fault(
    received: Event, monkeypatch: pytest.MonkeyPatch, script: str, options: dict[str, object], code: str
) -> None:
    monkeypatch.setattr(event, "ARRIVAL_SECONDS", 1.0)  # what is lost here is lost at once
    result = received(bench_script=script, **options)
    assert [finding.code for finding in result.findings] == [code], result


def test_not_checked_without_credentials(received: Event) -> None:
    assert received(login=None).outcome is Outcome.NOT_CHECKED


def test_bench_does_not_see_the_credentials(received: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAVEN_REALTIME_SID", "planted")
    result = received(bench_script="env | grep -c RAVEN_REALTIME && exit 3; exit 4")
    assert "exited with 4" in result.summary


ENDED = Credentials(sid="gone")
# the channel, whose credentials ("own": the user's), and what comes of it
ROOMS: dict[str, tuple[str, Credentials | str | None, str]] = {
    "a channel of the user's": ("general", "own", "pass"),
    "a channel that is not the user's": ("nobody-has-this", "own", "RT033"),
    "a session that ended": ("general", ENDED, "RT042"),
    "no channel": ("", "own", "not checked"),
    "no credentials": ("general", None, "not checked"),
}


@pytest.fixture
def asked_room(nginx: StartNginx, credentials: Credentials, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Ask the room check through a healthy nginx."""
    monkeypatch.setattr(room, "PATIENCE_SECONDS", 1.0)

    def ask(channel: str, login: Credentials | str | None) -> Result:
        held = credentials if isinstance(login, str) else login
        return asyncio.run(room.check(dataclasses.replace(nginx(), credentials=held), channel))

    return ask


@pytest.mark.parametrize(("channel", "login", "expected"), ROOMS.values(), ids=ROOMS.keys())
def test_room(asked_room: Event, channel: str, login: Credentials | str | None, expected: str) -> None:
    result = asked_room(channel, login)
    assert ([finding.code for finding in result.findings] or [result.outcome]) == [expected], result


def test_the_bench_of_a_server_publishes_over_ssh(
    nginx: StartNginx, bench: RunningBench, sid: str, tmp_path: Path
) -> None:
    origin = nginx().origin
    with serving(tmp_path) as server:
        address = f"ssh://{server.user}@127.0.0.1:{server.port}"
        options = (
            "--site",
            SITE,
            "--bench",
            str(bench.path),
            "--ssh",
            address,
            "--ssh-key",
            str(tmp_path / "user_key"),
        )

        def asked(host_key: str, command: str) -> tuple[int, str]:
            given = (*options, "--ssh-host-key", host_key.strip(), "--bench-command", command)
            ran = cli("check", "event", origin, *given, environment={"RAVEN_REALTIME_SID": sid})
            assert sid not in ran.stdout + ran.stderr
            return ran.returncode, ran.stdout

        code, said = asked(server.host_key, str(BENCH))
        assert code == 0, said
        assert said.startswith("✓ event (public)  raven_realtime_check received in the room of demo@example.com after ")
        # ssh says "Host key verification failed."; what follows a key is never shown
        refused = asked(server.other_host_key, str(BENCH))
        assert refused == (1, "✗ event (public)  ssh exited with 255: Host key … failed.\n")
        assert asked(server.host_key, "sh -c 'echo no such site; exit 1' bench") == (
            1,
            "✗ event (public)  sh on 127.0.0.1 exited with 1: no such site\n",
        )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--bench-command", "bench 'x"), "cannot be read: No closing quotation"),
        (("--bench-command", " "), "--bench-command is empty"),
        (("--ssh", "me@server"), "'me@server' is not the address of a server"),
        (("--ssh", "ssh://server:port"), "'ssh://server:port' is not the address of a server"),
    ],
    ids=["an open quotation mark", "no command", "no scheme", "no port number"],
)
def test_options_that_cannot_be_used(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    ran = cli("check", "event", "http://127.0.0.1:1", "--bench", str(tmp_path), *options)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr
