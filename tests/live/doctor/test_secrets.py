"""Valid credentials are in no output and in no process list, while a walk uses each of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from demo.processes import ROOT
from demo.running import RunningBench
from tests.live.conftest import SITE, StartNginx

REDIS_USER, REDIS_PASSWORD = "planted-user", "planted-redis-word"
FORMS = {
    "text": (),
    "json": ("-o", "json"),
    "html": ("-o", "html"),
    "watch": ("--watch", "--every", "200ms"),
}
WALKED = b"No hop is broken"
"""What a walk ends with; --watch itself does not end."""


@contextmanager
def process_list() -> Iterator[set[bytes]]:
    """Every command line that any process has, as anybody on the machine can read it, all the while."""
    seen: set[bytes] = set()
    ending = threading.Event()

    def poll() -> None:
        while not ending.wait(0.005):
            for process in os.scandir("/proc"):
                if process.name.isdigit():
                    try:
                        seen.add(Path(process.path, "cmdline").read_bytes())
                    except OSError:  # it has ended
                        continue

    thread = threading.Thread(target=poll)
    thread.start()
    try:
        yield seen
    finally:
        ending.set()
        thread.join()


@pytest.fixture
def redis_login(bench: RunningBench) -> Iterator[str]:
    """A user of the bench's redis, let in by a password."""
    with redis.Redis(port=bench.ports.redis) as client:
        client.acl_setuser(
            REDIS_USER, enabled=True, passwords=[f"+{REDIS_PASSWORD}"], categories=["+@all"], channels=["*"]
        )
        yield f"redis://{REDIS_USER}:{REDIS_PASSWORD}@127.0.0.1:{bench.ports.redis}"
        client.acl_deluser(REDIS_USER)


Walk = Callable[[Path, list[str], dict[str, str]], "subprocess.Popen[bytes]"]


@pytest.fixture
def walk(bench: RunningBench, nginx: StartNginx, redis_login: str) -> Walk:
    """Start a walk that uses all it can, with more options and environment, into a file."""
    # Several walk at once: each may take its time.
    arguments = [nginx().origin, "--site", SITE, "--channel", "general", "--timeout", "20"]
    arguments += ["--bench", str(bench.path), "--bench-command", str(ROOT / "demo" / "bench")]

    def start(file: Path, options: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
        with file.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, "-u", "-m", "raven_realtime.cli", "doctor", *arguments, *options],
                cwd=ROOT,
                env={**os.environ, **environment, "RAVEN_REALTIME_REDIS": redis_login},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    return start


@pytest.mark.parametrize("swapped", [False, pytest.param(True, marks=pytest.mark.full)])
def test_no_secret_in_any_output_or_process_list(
    bench: RunningBench, walk: Walk, sid: str, tmp_path: Path, swapped: bool
) -> None:
    key = bench.bench.api_key(SITE)
    session = {"RAVEN_REALTIME_SID": sid}
    token = {"RAVEN_REALTIME_API_KEY": key.key, "RAVEN_REALTIME_API_SECRET": key.secret}
    outputs = {form: tmp_path / form for form in FORMS}
    walks = {}
    with process_list() as seen:
        for number, (form, options) in enumerate(FORMS.items()):
            login = token if (number % 2 == 1) is not swapped else session
            file = tmp_path / f"{form}.credentials"
            file.write_text("".join(f"{name}={value}\n" for name, value in login.items()))
            named, environment = ([], login) if number < 2 else (["--credentials", str(file)], {})
            walks[form] = walk(outputs[form], [*options, *named], environment)
        _let_walk(walks, outputs)
    said = {form: outputs[form].read_text() for form in FORMS}
    assert {form: walk.returncode for form, walk in walks.items()} == dict.fromkeys(FORMS, 0), said
    # Each secret was in use, or its absence would prove nothing: the event arrived, and redis let the doctor in.
    for form, text in said.items():
        assert "message_created received in the room" in text, text
        assert f"--redis (127.0.0.1:{bench.ports.redis}): 1 subscriber of events" in text, form
    # A short-lived child is caught too, and a walk's own command line.
    assert any(b"frappe.publish_realtime" in command for command in seen)
    assert any(b"raven_realtime.cli\0doctor" in command for command in seen)
    for secret in (REDIS_PASSWORD, sid, key.key, key.secret):
        assert [form for form, text in said.items() if secret in text] == []
        assert [command for command in seen if secret.encode() in command] == []


def _let_walk(walks: dict[str, subprocess.Popen[bytes]], outputs: dict[str, Path]) -> None:
    until = time.monotonic() + 60
    try:
        while WALKED not in outputs["watch"].read_bytes() and time.monotonic() < until:
            assert walks["watch"].poll() is None, outputs["watch"].read_text()
            time.sleep(0.1)
        walks["watch"].send_signal(signal.SIGINT)
        for walk in walks.values():
            walk.wait(60)
    finally:
        for walk in walks.values():
            if walk.poll() is None:
                walk.kill()
                walk.wait()
