"""How a command line names what lies on this machine: the same for every checkout and every operator's home."""

from __future__ import annotations

from pathlib import Path

import pytest

from components import commands


@pytest.mark.parametrize(
    ("file", "word"),
    [
        ("{here}/.venv/bin/raven-realtime", ".venv/bin/raven-realtime"),
        ("{here}/with space/ca.pem", "'with space/ca.pem'"),
        ("{home}/ca.pem", '"$HOME"/ca.pem'),
        ("{home}/of a $company/ca.pem", "\"$HOME\"/'of a $company/ca.pem'"),
        ("/etc/ssl/company.pem", "/etc/ssl/company.pem"),
        ("certificates/ca.pem", "certificates/ca.pem"),
    ],
)
def test_a_path_in_a_line(file: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, home = tmp_path / "checkout", tmp_path / "home"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    assert commands.path(file.format(here=here, home=home)) == word


def test_words_of_the_shell_are_not_quoted_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    line = commands.raven_realtime("check", "a b", commands.path("/somewhere/ca.pem"))
    assert line.endswith("""raven-realtime check 'a b' "$HOME"/ca.pem""")
