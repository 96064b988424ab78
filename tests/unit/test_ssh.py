"""Options of ssh: what is pinned goes first, and a key that is given is the only one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from raven_realtime import ssh

ADDRESS = "ssh://deploy@chat.example.com:2222"


def test_a_pinned_host_key_goes_before_what_else_is_known(tmp_path: Path) -> None:
    further = ["-o", f"UserKnownHostsFile={tmp_path}/others", "-i", "/other/key", "-v"]
    with ssh.options_for(ADDRESS, tmp_path / "key", "ssh-ed25519 AAAA", further) as given:
        known = [word for word in given if word.startswith("UserKnownHostsFile=")]
        text = Path(known[0].partition("=")[2]).read_text()
    assert "[chat.example.com]:2222 ssh-ed25519 AAAA" in text
    assert known[1:] == [f"UserKnownHostsFile={tmp_path}/others"]
    assert [after for word, after in pairwise(given) if word == "-i"] == [str(tmp_path / "key")]
    assert "-v" in given


def test_without_them_the_users_own_configuration_counts() -> None:
    with ssh.options_for(ADDRESS, None, "", ["-i", "/other/key"]) as given:
        assert given == ["-i", "/other/key"]


def test_the_steps_log_in_as_the_last_update_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    mine = ssh.Login(Path("/keys/mine"), "ssh-ed25519 AAAA", ("-F", "none"))
    assert ssh.login(ADDRESS, None, "", ()) == ssh.Login()
    ssh.remember(ADDRESS, mine)
    assert ssh.login(ADDRESS, None, "", ()) == mine
    assert ssh.login("ssh://elsewhere.example.com", None, "", ()) == ssh.Login()
    assert ssh.login(ADDRESS, Path("/keys/other"), "", ()) == ssh.Login(Path("/keys/other"))
    ssh.remember(ADDRESS, ssh.Login())
    assert ssh.login(ADDRESS, None, "", ()) == ssh.Login()


@pytest.mark.parametrize("kept", ["", "{", "[]", "{}", '{"key": 1, "host_key": "", "options": []}'])
def test_what_cannot_be_read_is_as_if_there_were_none(
    kept: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    ssh.remember(ADDRESS, ssh.Login(Path("/keys/mine")))
    (file,) = tmp_path.rglob("*.json")
    file.write_text(kept)
    assert ssh.login(ADDRESS, None, "", ()) == ssh.Login()
