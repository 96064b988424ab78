"""Whatever ends a run of the tests, what they started ends too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STRAYING = """
import os, subprocess, time
from pathlib import Path

def test_that_starts_a_daemon():
    daemon = subprocess.Popen(["setsid", "sh", "-c", "trap '' TERM HUP INT; echo $$ > {folder}/half; "
                               "mv {folder}/half {folder}/daemon; while :; do sleep 1; done"])
    while not Path("{folder}/daemon").exists():
        time.sleep(0.05)
    Path("{folder}/pytest.half").write_text(str(os.getpid()))
    Path("{folder}/pytest.half").rename("{folder}/pytest")
    time.sleep({seconds})
"""


ORPHANED = """
import os, subprocess, time
from pathlib import Path

def test_that_an_orphan_that_ended_is_gone():
    line = "sh -c 'echo $$ > {folder}/half; mv {folder}/half {folder}/orphan; sleep 0.2' & exit 0"
    subprocess.run(["setsid", "sh", "-c", line], check=True)
    while not Path("{folder}/orphan").exists():
        time.sleep(0.05)
    time.sleep(1)
    assert not Path("/proc", Path("{folder}/orphan").read_text().strip()).exists()
"""


def run(folder: Path, seconds: int, text: str = STRAYING) -> subprocess.Popen[str]:
    file = folder / "test_straying.py"
    file.write_text(text.format(folder=folder, seconds=seconds))
    command = [sys.executable, "-m", "tests.run", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(file)]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def written(file: Path) -> int:
    until = time.monotonic() + 60
    while not file.exists():
        assert time.monotonic() < until
        time.sleep(0.05)
    return int(file.read_text())


@pytest.fixture
def straying(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with run(tmp_path, 300) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_interrupted(tmp_path: Path, straying: subprocess.Popen[str], number: signal.Signals) -> None:
    tests, daemon = written(tmp_path / "pytest"), written(tmp_path / "daemon")
    os.kill(tests, number)
    _, said = straying.communicate(timeout=60)
    assert not Path("/proc", str(daemon)).exists()
    assert straying.returncode != 0
    assert f"{daemon} sh -c trap" in said


def test_a_run_that_ends_by_itself(tmp_path: Path) -> None:
    with run(tmp_path, 0) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert not Path("/proc", str(written(tmp_path / "daemon"))).exists()
    assert "The tests left" in said


def test_what_ends_during_a_run_is_gone(tmp_path: Path) -> None:
    with run(tmp_path, 0, ORPHANED) as process:
        out, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, ""), out
