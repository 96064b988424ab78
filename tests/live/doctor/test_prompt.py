"""``--ask``: credentials typed at a terminal, which shows nothing of them."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from demo.processes import ROOT
from demo.running import RunningBench, free_ports
from tests.live.conftest import SITE, StartNginx, cli

BAD = "planted\tword"


def typed(*answers: str, command: tuple[str, ...], stdout: int) -> tuple[str, int]:
    """Run a command at a terminal, answer what it asks, and give all that the terminal showed with the exit code."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "raven_realtime.cli", *command],
        cwd=ROOT,
        stdin=side,
        stdout=stdout,
        stderr=side,
        start_new_session=True,  # no other terminal to ask at
        env={**os.environ, "TERM": "dumb"},
    )
    os.close(side)
    shown = b""
    left = list(answers)
    asked = 0
    try:
        while True:
            try:
                shown += os.read(main, 4096)
            except OSError:
                break
            # Typed only once it asks: by then the terminal's echo is off.
            prompts = len(re.findall(rb"(?:cookie \(Enter: an API key\)|API key|API secret): +", shown))
            if left and prompts > asked:
                asked = prompts
                os.write(main, f"{left.pop(0)}\n".encode())
    finally:
        os.close(main)
    return shown.decode(), process.wait(60)


@pytest.mark.parametrize("kind", ["sid", "key"])
def test_asked_for(bench: RunningBench, nginx: StartNginx, sid: str, tmp_path: Path, kind: str) -> None:
    key = bench.bench.api_key(SITE)
    answers = (sid,) if kind == "sid" else ("", key.key, key.secret)
    command = ("doctor", nginx().origin, "--site", SITE, "--channel", "general", "--ask")
    report = tmp_path / "report"
    with report.open("wb") as file:
        shown, code = typed(*answers, command=command, stdout=file.fileno())
    said = report.read_text()
    assert code == 0, shown + said
    assert re.search(r"^✓ room ", said, re.MULTILINE), said
    assert "cookie" in shown
    assert "API key): " not in said
    assert not [word for word in (sid, key.key, key.secret) if word in shown + said]


REFUSED = {
    "nothing typed": (("", "", ""), "--ask got no credentials"),
    "no secret": (("", "planted-key", ""), "--ask got no credentials"),
    "no header can carry it": ((BAD,), "The sid cookie holds a character that its header cannot carry"),
}


@pytest.mark.parametrize(("answers", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(answers: tuple[str, ...], said: str) -> None:
    command = ("doctor", "http://127.0.0.1:1", "--ask")
    shown, code = typed(*answers, command=command, stdout=subprocess.DEVNULL)
    assert code == 2, shown
    assert said in shown
    assert "planted" not in shown


def test_exporter_asks_too() -> None:
    command = ("exporter", "http://127.0.0.1:1", "--listen", f"127.0.0.1:{free_ports().web}", "--ask")
    shown, code = typed(BAD, command=command, stdout=subprocess.DEVNULL)
    assert code == 2, shown
    assert "The sid cookie holds a character" in shown


@pytest.mark.parametrize("command", ["doctor", "exporter"])
def test_no_terminal(command: str) -> None:
    result = cli(command, "http://127.0.0.1:1", "--ask", stdin="planted\n")
    assert result.returncode == 2
    assert "--ask needs a terminal to ask at" in result.stderr
    assert "Traceback" not in result.stderr


def test_one_source_at_a_time() -> None:
    result = cli("doctor", "http://127.0.0.1:1", "--ask", "--credentials", "/dev/null")
    assert result.returncode == 2
    assert "--ask and --credentials both bring credentials" in result.stderr
