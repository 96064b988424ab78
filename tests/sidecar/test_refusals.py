"""What the server refuses, and what it says then."""

from __future__ import annotations

import os

import pytest

from demo.server import Server
from raven_realtime.problem import Problem
from toolchain import debian


@pytest.mark.parametrize(
    ("name", "hosts", "says"),
    [
        pytest.param("Bad_Name", ["a.example.com"], "cannot be called 'Bad_Name'", id="name with capitals"),
        pytest.param("x" * 31, ["a.example.com"], "up to 30", id="name too long"),
        pytest.param("../up", ["a.example.com"], "cannot be called", id="name that is a path"),
        pytest.param("good", ["https://a.example.com"], "no scheme", id="host with a scheme"),
        pytest.param("good", ["a.example.com", "A.example.com=b"], "each once", id="a host twice"),
        pytest.param("good", [], "(none)", id="no host"),
    ],
)
def test_names(name: str, hosts: list[str], says: str) -> None:
    with pytest.raises(Problem) as refused:
        Server(name, hosts=hosts)
    assert says in str(refused.value)


@pytest.mark.parametrize("doing", ["up", "down"])
def test_without_root_nothing_is_started(doing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(debian, "missing", lambda _uses: [])
    server = Server("never-up")
    with pytest.raises(Problem, match=r"needs root.*\n?.*sudo"):
        getattr(server, doing)()
    assert not server.layout.server.exists()
    assert not server.layout.folder.exists()


def test_a_missing_package_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "missing", lambda _uses: ["docker.io", "pebble"])
    with pytest.raises(Problem, match=r"apt-get install --yes --no-install-recommends docker\.io pebble"):
        Server("never-up").up()
