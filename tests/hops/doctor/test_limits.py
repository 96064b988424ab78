"""Whatever answers, the doctor gives its verdict within ten seconds and 100 MB, run as a program of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from demo.processes import ROOT
from tests.hops import strange_servers as strange
from tests.hops.doctor.crowding import crowding

SECONDS, KILOBYTES = 10.0, 100_000
FAULTS = {
    "accepts and is silent": (strange.silent, "RT038"),
    "headers drop by drop": (strange.tarpit, "RT038"),
    "an endless body": (strange.endless_body, "RT037"),
    "100 MB": (strange.hundred_megabytes, "RT037"),
    "an endless header": (strange.endless_header, "RT037"),
    "another protocol": (strange.garbage, "RT037"),
    "a packed bomb": (strange.packed_bomb, "RT037"),
    "redirects to itself": (strange.redirects, "RT040"),
    "a WebSocket that never answers": (strange.never_probes, "RT038"),
}


# VmHWM and not ru_maxrss: the latter begins with what the test run itself held when it forked.
PROGRAM = """
import pathlib, sys
from raven_realtime.cli import main
try:
    main()
finally:
    status = pathlib.Path("/proc/self/status").read_text()
    pathlib.Path(sys.argv.pop()).write_text(status.partition("VmHWM:")[2].split()[0])
"""


def measured(url: str, folder: Path) -> tuple[dict[str, object], float, int]:
    """Run the doctor; give its document, the seconds and the most memory in kilobytes."""
    program = PROGRAM.replace("sys.argv.pop()", repr(str(folder / "peak")))
    started = time.monotonic()
    command = [sys.executable, "-c", program, "doctor", url, "-o", "json"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60).stdout
    return json.loads(said), time.monotonic() - started, int((folder / "peak").read_text())


TYPICAL = {"accepts and is silent", "100 MB", "a WebSocket that never answers"}


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [pytest.param(*row, id=name, marks=() if name in TYPICAL else pytest.mark.full) for name, row in FAULTS.items()],
)
def test_strange_server(tmp_path: Path, behaviour: strange.Behaviour, code: str) -> None:
    with strange.serving(behaviour) as port:
        said, seconds, kilobytes = measured(f"http://127.0.0.1:{port}", tmp_path)
    assert isinstance(said["verdict"], dict)
    assert said["verdict"]["code"] == code, said
    assert seconds < SECONDS * crowding()
    assert kilobytes < KILOBYTES


@pytest.mark.parametrize(
    ("url", "code"),
    [("https://no-such-host.invalid", "RT034"), ("http://127.0.0.1:1", "RT035"), ("https://240.0.0.1", "RT035")],
    ids=["no such name", "nobody on the port", "no such network"],
)
def test_dead_host(tmp_path: Path, url: str, code: str) -> None:
    said, seconds, _ = measured(url, tmp_path)
    assert isinstance(said["verdict"], dict)
    assert said["verdict"]["code"] == code, said
    assert seconds < SECONDS * crowding()
