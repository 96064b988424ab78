"""Ports for servers: outside the range of outgoing connections, and never the same for two processes."""

from __future__ import annotations

import multiprocessing
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from demo import ports
from raven_realtime.problem import Problem

ROOT = Path(__file__).parents[2]
ASK = "import sys; from demo.ports import *; print(*free_ports(int(sys.argv[1])), flush=True); sys.stdin.read()"


def test_ports_lie_outside_the_range_of_outgoing_connections() -> None:
    first, last = map(int, ports.OUTGOING.read_text().split())
    assert [port for port in ports.free_ports(200) if first <= port <= last] == []


@pytest.mark.parametrize(
    ("written", "first", "count"),
    [
        ("32768\t60999\n", 15_000, 17_000),
        ("20000 60999", 15_000, 5_000),
        ("1024 19999", 20_000, 12_000),
        ("1024 65535", 15_000, 17_000),  # all of them: what is left is to look, and to lock
    ],
)
def test_the_range_is_the_kernels(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str, first: int, count: int
) -> None:
    (tmp_path / "range").write_text(written)
    monkeypatch.setattr(ports, "OUTGOING", tmp_path / "range")
    assert (ports.eligible()[0], len(ports.eligible())) == (first, count)


def test_two_processes_never_get_the_same() -> None:
    each = len(ports.eligible()) // 6
    asked = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, str(each)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(3)
    ]  # fmt: skip
    given: list[int] = []
    for process in asked:
        assert process.stdout is not None
        given += map(int, process.stdout.readline().split())
    for process in asked:
        process.communicate()
    assert len(given) == len(set(given)) == 3 * each


def test_one_process_gets_none_twice() -> None:
    given = [ports.free_port() for _ in range(300)]
    assert len(set(given)) == len(given)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_in_use_is_not_given(monkeypatch: pytest.MonkeyPatch, address: str, kind: socket.SocketKind) -> None:
    used = ports.free_port()
    monkeypatch.setattr(ports, "eligible", lambda: [used])
    monkeypatch.setattr(ports._Locks, "take", lambda *_: True)
    with socket.socket(type=kind) as user:
        user.bind((address, used))
        with pytest.raises(Problem, match="no 1 free ports"):
            ports.free_port()
    assert ports.free_port() == used


def locked_for_others(port: int) -> bool:
    """Tell whether a process that has none of our files may not lock the port."""
    script = f"from demo import ports; ports.eligible = lambda: [{port}]; ports.free_port()"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert not done.returncode or "no 1 free ports" in done.stderr, done.stderr
    return done.returncode != 0


def test_a_started_program_does_not_keep_the_lock() -> None:
    script = (
        "import subprocess; from demo.ports import free_port\n"
        "port, quiet = free_port(), {'stdout': subprocess.DEVNULL, 'stderr': subprocess.DEVNULL}\n"
        "child = subprocess.Popen(['sleep', '60'], close_fds=False, **quiet)\n"
        "print(port, child.pid)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    port, child = map(int, done.stdout.split())
    try:
        os.kill(child, 0)  # it lives
        assert not locked_for_others(port)
    finally:
        os.kill(child, 9)


def test_a_forked_child_does_not_keep_the_lock_and_its_parent_does() -> None:
    port = ports.free_port()
    child = multiprocessing.get_context("fork").Process(target=_asks_for, args=(port,))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert locked_for_others(port)


def _asks_for(port: int) -> None:
    assert not ports._locks
    ports.eligible = lambda: [port]
    with pytest.raises(Problem):
        ports.free_port()


def test_a_folder_of_somebody_else_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (tmp_path / f"raven-realtime-ports-{os.getuid()}").mkdir(mode=0o755)
    monkeypatch.setattr(ports, "_locks", {})
    with pytest.raises(Problem, match="nobody else may enter"):
        ports.free_port()
