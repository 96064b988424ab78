"""Options of ssh: what is pinned goes first, and a key that is given is the only one."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

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
