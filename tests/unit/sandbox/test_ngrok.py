"""Where the ngrok agent is looked for: a name on PATH, or a path."""

from __future__ import annotations

from pathlib import Path

import pytest

from raven_realtime.problem import Problem
from raven_realtime.sandbox import ngrok

FOUND = {"a name": "ngrok", "a path": "{here}/bin/ngrok", "from the project": "bin/ngrok", "from home": "~/bin/ngrok"}
NOT_FOUND = {
    "a name": ("ngrok3", "'ngrok3' is not a program on PATH. Install the ngrok agent"),
    "a path": ("bin/ngrok3", "'bin/ngrok3' is not a file that can be executed. Install the ngrok agent"),
    "no program": ("bin/notes", "'bin/notes' is not a file that can be executed. Install the ngrok agent"),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make the program, in a folder that is the home folder, the working directory and on PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ngrok").touch(mode=0o755)
    (tmp_path / "bin" / "notes").touch(mode=0o644)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path


@pytest.mark.parametrize("case", FOUND)
def test_found(folder: Path, case: str) -> None:
    assert ngrok.find(FOUND[case].format(here=folder)) == f"{folder}/bin/ngrok"


@pytest.mark.parametrize("case", NOT_FOUND)
def test_not_found(case: str) -> None:
    given, said = NOT_FOUND[case]
    with pytest.raises(Problem) as raised:
        ngrok.find(given)
    assert said in str(raised.value)
    assert "raven-realtime:ngrokPath" in str(raised.value)
