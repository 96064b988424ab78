"""``raven-realtime doctor`` as it is typed: exit codes, formats, waiting, watching, secrets, progress."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from jsonschema import Draft202012Validator

from demo.processes import ROOT
from demo.running import RunningBench
from raven_realtime.live.doctor.document import SCHEMA_FILE, schema
from tests.live.conftest import HEALTHY, SITE, StartNginx, cli

BROKEN = HEALTHY.replace("$asked_from", "$http_origin")
PLANTED = {"RAVEN_REALTIME_API_KEY": "planted-key", "RAVEN_REALTIME_API_SECRET": "planted-secret"}


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run the doctor meanwhile; it does not outlive the block."""
    command = [sys.executable, "-u", "-m", "raven_realtime.cli", "doctor", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("location", "code"), [(HEALTHY, 0), (BROKEN, 1)], ids=["healthy", "broken"])
def test_exit_code_and_json(nginx: StartNginx, location: str, code: int) -> None:
    result = cli("doctor", nginx(location).origin, "--site", SITE, "-o", "json")
    assert result.returncode == code, result
    said = json.loads(result.stdout)
    Draft202012Validator(json.loads(schema()), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(said)
    assert said["healthy"] is (code == 0)
    assert result.stderr == ""


def test_the_schema_is_published() -> None:
    assert (ROOT / SCHEMA_FILE).read_text() == schema()


def test_plain_lines_where_there_is_no_terminal(nginx: StartNginx) -> None:
    result = cli("doctor", nginx(BROKEN).origin, "--site", SITE)
    assert "\x1b" not in result.stdout + result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].startswith("✓ name ")
    assert "RT008 Origin refused" in lines
    assert lines[lines.index("RT008 Origin refused") + 1].startswith("  at fault  the proxy (nginx")


@pytest.mark.parametrize(
    ("scheme", "said"),
    [("", "Asking http://127.0.0.1:{port}: the URL names no scheme.\n"), ("http://", ""), ("ws://", "")],
)
def test_a_url_without_a_scheme(nginx: StartNginx, scheme: str, said: str) -> None:
    port = nginx("return 502;").port
    result = cli("doctor", f"{scheme}127.0.0.1:{port}/socket.io/?EIO=4", "--site", SITE)
    assert (result.returncode, result.stderr) == (1, said.format(port=port))


def test_live_progress_on_a_terminal(nginx: StartNginx) -> None:
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "raven_realtime.cli", "doctor", nginx(BROKEN).origin, "--site", SITE],
        cwd=ROOT,
        stdout=side,
        stderr=side,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"},
    )
    os.close(side)
    said = b""
    while True:
        try:
            said += os.read(main, 4096)
        except OSError:
            break
    os.close(main)
    assert process.wait(20) == 1
    text = said.decode()
    assert "\x1b[" in text
    assert "Upgrade to WebSocket …" in text
    assert "RT008 Origin refused" in text


@pytest.mark.parametrize("output", ["text", "json", "html"])
def test_no_secret_in_any_output(nginx: StartNginx, output: str) -> None:
    # A proxy that echoes what it was sent is the worst case: the answer then holds the secret.
    echo = 'default_type text/plain; return 500 "$http_cookie $http_authorization";'
    result = cli("doctor", nginx(echo).origin, "--site", SITE, "-o", output, environment=PLANTED)
    assert "500" in result.stdout
    assert "planted-" not in result.stdout + result.stderr


def test_no_secret_of_credentials_that_are_refused(nginx: StartNginx) -> None:
    result = cli("doctor", nginx().origin, "--site", SITE, environment=PLANTED)
    assert "RT042" in result.stdout
    assert "planted-" not in result.stdout + result.stderr


def test_wait_until_healthy(bench: RunningBench, nginx: StartNginx) -> None:
    target = nginx()
    bench.stop("socketio")
    with started(target.origin, "--site", SITE, "--wait", "30s", "--every", "200ms") as process:
        try:
            time.sleep(2)
            assert process.poll() is None
        finally:
            bench.start("socketio")
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said
    assert "No hop is broken, but: RT017" in said
    assert "RT002" not in said


def test_wait_ends(nginx: StartNginx) -> None:
    begun = time.monotonic()
    assert cli("doctor", nginx("return 502;").origin, "--wait", "2s", "--every", "300ms").returncode == 1
    assert 1 < time.monotonic() - begun < 8


def test_watch_says_what_changes(bench: RunningBench, nginx: StartNginx) -> None:
    said = ""

    def until(pattern: str) -> None:
        nonlocal said
        while not re.search(pattern, said):
            line = process.stdout.readline()  # type: ignore[union-attr]
            assert line, said
            said += line

    with started(nginx().origin, "--site", SITE, "--watch", "--every", "200ms") as process:
        until(r"\d\d:\d\d:\d\d No hop is broken, but: RT017 [^.]*\. Not checked: room, event\.\n")
        bench.stop("socketio")
        try:
            until(r"(?s)✗ handshake  +502.*Nothing listens where Socket\.IO should")
        finally:
            bench.start("socketio")
        until(r"(?s)at fault\.\n.*✓ connect .*No hop is broken")
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0, rest
    assert "Traceback" not in rest
    assert said.count("✓ name") == 1


def test_ctrl_c_while_a_websocket_is_watched(nginx: StartNginx) -> None:
    with started(nginx().origin, "--site", SITE, "--watch", "--every", "0") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "No hop is broken" in line:
                break
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=20)
    assert (process.returncode, rest) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("https://",), "is not a URL to ask"),
        (("https://a.example", "--hold", "soon"), "is not a duration"),
        (("https://a.example", "--hold", "2h"), "is not a duration"),
        (("https://a.example", "--watch", "-o", "html"), "--watch prints text or JSON lines"),
        (("https://a.example", "--credentials", "/nowhere"), "cannot be read"),
        (("https://a.example", "--bench", "/nowhere"), "is not a folder"),
    ],
    ids=lambda value: " ".join(value[1:]) if isinstance(value, tuple) else "",
)
def test_bad_input(arguments: tuple[str, ...], said: str) -> None:
    result = cli("doctor", *arguments)
    assert result.returncode == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
