"""Reading a user's bench."""

from __future__ import annotations

from pathlib import Path

import pytest

from raven_realtime.problem import Problem
from raven_realtime.sandbox import bench


def lay_out(folder: Path, text: str, *sites: str) -> Path:
    for site in sites:
        (folder / "sites" / site).mkdir(parents=True)
        (folder / "sites" / site / "site_config.json").write_text("{}")
    (folder / "sites").mkdir(exist_ok=True)
    (folder / "sites" / "common_site_config.json").write_text(text)
    return folder


READ = {
    "nothing said": ("{}", ("a",), None, (8000, 9000, "a")),
    "ports as text": ('{"webserver_port": "8001", "socketio_port": "9000"}', ("a",), None, (8001, 9000, "a")),
    "ports as numbers": ('{"webserver_port": 8001, "socketio_port": 9002}', ("a",), None, (8001, 9002, "a")),
    "a default site": ('{"default_site": "b"}', ("a", "b"), None, (8000, 9000, "b")),
    "a chosen site": ('{"default_site": "b"}', ("a", "b"), "a", (8000, 9000, "a")),
}


@pytest.mark.parametrize("name", READ)
def test_read(tmp_path: Path, name: str) -> None:
    text, sites, chosen, expected = READ[name]
    found = bench.read(lay_out(tmp_path, text, *sites), chosen)
    assert (found.web_port, found.socketio_port, found.default_site) == expected


REFUSED = {
    "broken": ('{\n "a": 1,\n}', "common_site_config.json:3:1: broken JSON"),
    "empty": ("", "common_site_config.json:1:1: broken JSON"),
    "a list": ("[]", "common_site_config.json:1: found a list; a bench has a JSON object here"),
    "a port that is none": ('{"socketio_port": "nine"}', "socketio_port is 'nine'; a port is a number from 1 to 65535"),
    "a port out of range": ('{"webserver_port": 0}', "webserver_port is 0;"),
    "true for a port": ('{"webserver_port": true}', "webserver_port is True;"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path: Path, name: str) -> None:
    text, said = REFUSED[name]
    with pytest.raises(Problem) as refused:
        bench.read(lay_out(tmp_path, text, "a"))
    assert said in str(refused.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    lay_out(tmp_path, "", "a")
    (tmp_path / "sites" / "common_site_config.json").write_bytes(b"\xff\xfe{}")
    with pytest.raises(Problem, match="cannot be read"):
        bench.read(tmp_path)


def test_aligning_needs_a_bench_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Problem, match="`bench` is not on PATH"):
        bench.align(bench.read(lay_out(tmp_path, "{}", "a")))


def test_a_bench_command_that_fails_is_quoted(tmp_path: Path) -> None:
    lay_out(tmp_path, "{}", "a")
    own = tmp_path / "bench"
    own.write_text("#!/bin/sh\necho no such site >&2\nexit 3\n")
    own.chmod(0o755)
    with pytest.raises(Problem, match=r"`bench set-config -g socketio_port 9000` failed in .*: no such site"):
        bench.align(bench.read(tmp_path))
