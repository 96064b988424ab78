"""The command line: first line, verdict, exit codes, no secrets, no tracebacks."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from demo.processes import ROOT
from demo.running import RunningBench
from tests.live.conftest import HEALTHY, StartNginx, cli


def test_curls_answer_is_judged_like_a_live_one(bench: RunningBench) -> None:
    curl = ["curl", "-sS", "-i", f"{bench.socketio_url}/socket.io/?EIO=4&transport=polling"]
    printed = subprocess.run(curl, capture_output=True, text=True, check=True).stdout
    judged = cli("check", "handshake", "--answer", "-", "--at", "origin", stdin=printed)
    asked = cli("check", "handshake", bench.socketio_url, "--at", "origin")
    assert (judged.returncode, asked.returncode) == (0, 0)
    assert judged.stdout.startswith("✓ handshake (origin)  200, open packet, sid ")
    assert judged.stdout.partition("sid ")[2][5:] == asked.stdout.partition("sid ")[2][5:]


def test_curl_that_reached_nobody(tmp_path: Path) -> None:
    result = cli("check", "handshake", "--answer", "-", "--at", "origin", stdin="")
    assert result.returncode == 1
    assert result.stdout == "✗ handshake (origin)  nothing answered\n"
    assert result.stderr.startswith("RT002 ")


def test_like_compares_the_parameters(nginx: StartNginx, bench: RunningBench) -> None:
    here = nginx().origin
    other = nginx('return 200 \'0{"sid":"abcdefgh","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}\';')
    assert cli("check", "handshake", here, "--at", "multiplexer", "--like", bench.socketio_url).returncode == 0
    different = cli("check", "handshake", other.origin, "--like", bench.socketio_url)
    assert different.returncode == 1
    assert "RT039" in different.stderr
    assert cli("check", "handshake", here, "--like", "127.0.0.1:1").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("session",), 0),
        (("upgrade", "--stay", "0.5"), 0),
        (("connect", "--site", "raven.localhost"), 0),
        (("connect", "--site", "elsewhere"), 1),
        (("event", "--site", "raven.localhost"), 3),
        (("event", "--site", "raven.localhost", "--unchecked-ok"), 0),
        (("event", "--bench", "/nowhere"), 2),
        (("upgrade", "--stay", "long"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_exit_codes(nginx: StartNginx, arguments: tuple[str, ...], code: int) -> None:
    name, *options = arguments
    result = cli("check", name, nginx().origin, *options)
    assert result.returncode == code, result
    assert "Traceback" not in result.stderr
    assert bool(result.stderr) == (code in {1, 2})


def test_json(nginx: StartNginx) -> None:
    result = cli("check", "connect", nginx().origin, "--site", "elsewhere", "-o", "json")
    said = json.loads(result.stdout)
    assert (said["hop"], said["outcome"], said["findings"][0]["code"]) == ("connect (public)", "fail", "RT009")
    assert result.stderr == ""


def test_verdict_names_all_that_is_needed(nginx: StartNginx) -> None:
    target = nginx(HEALTHY.replace("$asked_from", "$http_origin"))
    result = cli("check", "connect", target.origin, "--site", "raven.localhost")
    assert result.stdout == "✗ connect (public)  Invalid origin\n"
    said = result.stderr.splitlines()
    assert said[0] == "RT008 Origin refused (found by connect (public); at fault: proxy)"
    assert said[1] == "  seen: CONNECT /raven.localhost → “Invalid origin”"
    assert said[2].startswith("  do:   ")
    assert said[-1] == "  more: raven-realtime explain RT008"


def test_remedy_of_a_public_address_can_be_copied() -> None:
    assert "`getent hosts chat.invalid`" in cli("check", "handshake", "https://chat.invalid").stderr
    assert "`getent hosts HOST`" in cli("check", "handshake", "http://chat.invalid:9000", "--at", "origin").stderr


SECRETS = {"RAVEN_REALTIME_API_KEY": "planted-key", "RAVEN_REALTIME_API_SECRET": "planted-secret"}


@pytest.mark.parametrize("environment", [{"RAVEN_REALTIME_SID": "planted-sid"}, SECRETS], ids=["sid", "key"])
@pytest.mark.parametrize("output", ["text", "json"])
def test_no_secret_in_any_output(
    nginx: StartNginx, bench: RunningBench, environment: dict[str, str], output: str
) -> None:
    # A proxy that echoes what it was sent is the worst case: the answer then holds the secret.
    echoing = nginx('default_type text/plain; return 500 "$http_cookie $http_authorization";')
    for target in (nginx(), echoing):
        arguments = (
            "--site",
            "raven.localhost",
            "--bench",
            str(bench.path),
            "--bench-command",
            str(ROOT / "demo/bench"),
        )
        result = cli("check", "event", target.origin, *arguments, "-o", output, environment=environment)
        assert result.returncode == 1
        assert "planted-" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "handshake"), "Give a URL to ask"),
        (("check", "handshake", "--answer", "/nowhere"), "cannot be read"),
        (("check", "connect", "ftp://x"), "is not a URL to ask"),
    ],
    ids=["nothing", "no file", "no URL"],
)
def test_bad_input(arguments: tuple[str, ...], said: str) -> None:
    result = cli(*arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""


def test_explain_prints_the_page() -> None:
    page = (ROOT / "docs" / "findings" / "RT008.md").read_text()
    assert cli("explain", "rt008").stdout.strip() == page.partition("-->")[2].strip()
