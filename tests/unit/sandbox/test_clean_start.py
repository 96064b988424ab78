"""What an earlier start left behind is ended, and nothing else is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from raven_realtime.sandbox.clean_start import BOOT_ID, end_leftovers, leftovers, start_time

Record = dict[str, Any]


@pytest.fixture
def process() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as running:
        yield running
        running.kill()


def record(process: subprocess.Popen[bytes]) -> Record:
    return {"group": process.pid, "started": start_time(process.pid), "boot": BOOT_ID.read_text().strip()}


SPARED: dict[str, Callable[[Record], str]] = {
    "a process that took over the number": lambda noted: json.dumps(noted | {"started": "1"}),
    "a record of another boot": lambda noted: json.dumps(noted | {"boot": str(uuid.uuid4())}),
    "a broken record": lambda noted: json.dumps(noted)[:-5],
    "a record of other content": lambda noted: "[]",
    "a record without a group": lambda noted: json.dumps({**noted, "group": None}),
}


@pytest.mark.parametrize("name", SPARED)
def test_spared(tmp_path: Path, process: subprocess.Popen[bytes], name: str) -> None:
    file = tmp_path / "started.json"
    file.write_text(SPARED[name](record(process)))
    assert leftovers(file) == []
    end_leftovers(file)
    assert process.poll() is None


def test_the_recorded_group_is_ended(tmp_path: Path, process: subprocess.Popen[bytes]) -> None:
    file = tmp_path / "started.json"
    file.write_text(json.dumps(record(process)))
    assert leftovers(file) == [process.pid]
    end_leftovers(file)
    assert process.wait(5) < 0


def test_members_that_outlived_their_leader_are_ended(tmp_path: Path) -> None:
    script = "sleep 60 & echo $!; exec true"
    with subprocess.Popen(["sh", "-c", script], start_new_session=True, stdout=subprocess.PIPE) as leader:
        assert leader.stdout is not None
        orphan = int(leader.stdout.readline())
        file = tmp_path / "started.json"
        file.write_text(json.dumps({"group": leader.pid, "started": "0", "boot": BOOT_ID.read_text().strip()}))
        leader.wait()
    assert leftovers(file) == [orphan]
    end_leftovers(file)
    assert leftovers(file) == []


def test_it_becomes_the_program_and_notes_itself(tmp_path: Path) -> None:
    file = tmp_path / "run" / "started.json"
    command = [sys.executable, "-m", "raven_realtime.sandbox.clean_start", str(file), "--", "sh", "-c", "echo $$"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, start_new_session=True)
    noted = json.loads(file.read_text())
    assert int(ran.stdout) == noted["pid"] == noted["group"] != os.getpid()


@pytest.mark.parametrize("arguments", [["record"], ["record", "--"], ["record", "sh", "-c", "true"]])
def test_a_wrong_call_says_how_it_is_called(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "raven_realtime.sandbox.clean_start", *arguments]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert "Traceback" not in ran.stderr
    assert "usage: " in ran.stderr
