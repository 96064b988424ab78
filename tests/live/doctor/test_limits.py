"""Whatever answers, the doctor gives its verdict within ten seconds and 100 MB, run as a program of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.processes import ROOT
from tests.live import strange_servers as strange
from tests.live.doctor.promptness import within
from tests.live.test_strange_servers import certificate
from tests.symptoms.firewall import dropping

pytestmark = pytest.mark.alone

SECONDS, KILOBYTES = 10.0, 100_000

# VmHWM and not ru_maxrss: the latter begins with what the test run itself held when it forked.
PROGRAM = """
import pathlib, sys
from raven_realtime.cli import main
peak = sys.argv.pop()
try:
    main()
finally:
    status = pathlib.Path("/proc/self/status").read_text()
    pathlib.Path(peak).write_text(status.partition("VmHWM:")[2].split()[0])
"""


@dataclass(frozen=True)
class Run:
    """What one run of the doctor said and cost."""

    said: dict[str, Any]
    seconds: float
    kilobytes: int

    @property
    def code(self) -> str:
        """The verdict's code."""
        return str(self.said["verdict"]["code"])


def doctor(folder: Path, *arguments: str, before: tuple[str, ...] = ()) -> Run:
    """Run the doctor until it keeps the time limit, a few times at most."""

    def once() -> Run:
        folder.mkdir(exist_ok=True)
        started = time.monotonic()
        command = [*before, sys.executable, "-c", PROGRAM, "doctor", *arguments, "-o", "json", str(folder / "peak")]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
        assert ran.returncode == 1, ran.stdout + ran.stderr
        return Run(json.loads(ran.stdout), time.monotonic() - started, int((folder / "peak").read_text()))

    return within(SECONDS, once, lambda run: run.seconds)


BUSY = {
    "an endless body": (strange.endless_body, "RT037"),
    "100 MB": (strange.hundred_megabytes, "RT037"),
    "an endless header": (strange.endless_header, "RT037"),
    "another protocol": (strange.garbage, "RT037"),
    "a packed bomb": (strange.packed_bomb, "RT037"),
    "redirects to itself": (strange.redirects, "RT040"),
}


@pytest.mark.parametrize(("behaviour", "code"), BUSY.values(), ids=BUSY.keys())
def test_answers_that_no_server_should_give(tmp_path: Path, behaviour: strange.Behaviour, code: str) -> None:
    with strange.serving(behaviour) as port:
        run = doctor(tmp_path, f"http://127.0.0.1:{port}")
    assert run.code == code, run
    assert run.kilobytes < KILOBYTES


def test_an_endless_body_over_tls(tmp_path: Path) -> None:
    context, file = certificate(tmp_path)
    with strange.serving(strange.endless_body, context) as port:
        run = doctor(tmp_path, f"https://chat.example.com:{port}", "--resolve", "127.0.0.1", "--ca", str(file))
    assert run.code == "RT037", run
    assert run.kilobytes < KILOBYTES


WAITING = {
    "accepts and is silent": (strange.silent, "RT038"),
    "headers drop by drop": (strange.tarpit, "RT038"),
    "a WebSocket that never answers": (strange.never_probes, "RT038"),
}


def test_servers_that_keep_it_waiting(tmp_path: Path) -> None:
    """All at once: each doctor waits for its server, and nothing is computed."""

    def asked(name: str) -> Run:
        behaviour, _ = WAITING[name]
        with strange.serving(behaviour) as port:
            return doctor(tmp_path / name, f"http://127.0.0.1:{port}")

    with ThreadPoolExecutor(len(WAITING)) as pool:
        runs = dict(zip(WAITING, pool.map(asked, WAITING), strict=True))
    assert {name: run.code for name, run in runs.items()} == {name: code for name, (_, code) in WAITING.items()}
    assert max(run.kilobytes for run in runs.values()) < KILOBYTES


@pytest.mark.parametrize(
    ("url", "code"),
    [("https://no-such-host.invalid", "RT034"), ("http://127.0.0.1:1", "RT035"), ("https://240.0.0.1", "RT035")],
    ids=["no such name", "nobody on the port", "no such network"],
)
def test_a_host_that_fails_at_once(tmp_path: Path, url: str, code: str) -> None:
    run = doctor(tmp_path, url)
    assert run.code == code, run


def test_a_host_that_drops_every_packet(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with dropping(f"127.0.0.1:{port}"):
            run = doctor(tmp_path, f"http://127.0.0.1:{port}")
    assert run.code == "RT035", run
    assert "did not answer within 4 s" in run.said["verdict"]["evidence"]


@contextmanager
def silent_resolver(folder: Path) -> Iterator[tuple[str, ...]]:
    """A name server that hears every question and answers none; gives what to put before a command that asks it."""
    configuration = folder / "resolv.conf"
    configuration.write_text("nameserver 127.0.0.53\n")
    alone = f'mount --bind {configuration} /etc/resolv.conf && exec "$@"'
    with socket.socket(type=socket.SOCK_DGRAM) as resolver:
        resolver.bind(("127.0.0.53", 53))
        yield ("unshare", "--mount", "sh", "-c", alone, "sh")
        resolver.setblocking(False)
        assert b"example" in resolver.recv(512)  # it was this one that was asked


def test_a_resolver_that_is_silent(tmp_path: Path) -> None:
    with silent_resolver(tmp_path) as before:
        run = doctor(tmp_path, "https://chat.example.com", before=before)
    assert run.code == "RT034", run
    assert "the resolver did not answer within 4 s" in run.said["verdict"]["evidence"]
