"""``raven-realtime routes``: who owns what of a host, held to the letter."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from raven_realtime.declared.routes import command
from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable
from tests.golden import hold
from toolchain.places import ROOT

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
APP = Typer()
command.register(APP)
HOST = "v2.sysmayal.cloud"


def said(*arguments: str) -> str:
    done = CliRunner().invoke(APP, ["routes", *arguments], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        pytest.param("healthy.txt", ("compose.yml",), id="one owner"),
        pytest.param("rival.txt", ("compose.yml", "rival.yml"), id="a file router takes the path"),
        pytest.param("tie.txt", ("compose.yml", "twin.yml"), id="a tie"),
        pytest.param("paths.txt", ("compose.yml", "--path", "/socket.iox", "--path", "/%2e"), id="other paths"),
        pytest.param("rival.json", ("compose.yml", "rival.yml", "-o", "json"), id="JSON"),
        pytest.param("rival.svg", ("compose.yml", "rival.yml", "-o", "svg"), id="SVG"),
        pytest.param("tie.svg", ("compose.yml", "twin.yml", "-o", "svg"), id="SVG of a tie"),
    ],
)
def test_the_answer(name: str, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    answer = said(HOST, *arguments)
    if name.endswith(".svg"):
        assert ET.fromstring(answer).tag == "{http://www.w3.org/2000/svg}svg"
    hold(GOLDEN / name, answer)


def test_a_stack_file_is_read_as_swarm_reads_it() -> None:
    stack = ROOT / "tests/unit/declared/healthy/swarm/stack.yml"
    assert "/socket.io/  websocket@swarm → websocket@swarm (port 9000)" in said("erp.example.com", str(stack))


def test_a_host_that_nobody_serves() -> None:
    compose = str(HERE / "compose.yml")
    assert "chat.example.org at websecure" not in said("chat.example.org", compose)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((HOST,), "Give compose or Traefik files", id="nothing to read"),
        pytest.param((HOST, "absent.yml"), r"absent\.yml: there is no such file", id="absent"),
        pytest.param((HOST, "strange.yml"), r"strange\.yml: found colour at its top", id="another file"),
        pytest.param((HOST, "empty"), "no .yml, .yaml, .toml file in this folder", id="empty folder"),
        pytest.param(("https://x", "."), "'https://x' is no hostname", id="a URL"),
        pytest.param((HOST, ".", "--path", "x"), "--path 'x': a path begins with /", id="path"),
        pytest.param((HOST, ".", "--traefik-api", "http://127.0.0.1:1"), "leave out files", id="both"),
        pytest.param((HOST, "--traefik-api", "http://127.0.0.1:1"), "does not answer", id="no API"),
        pytest.param((HOST, "--docker-host", "tcp://127.0.0.1:1"), "docker ps failed", id="no Docker"),
    ],
)
def test_what_is_refused(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strange.yml").write_text("colour: blue\n")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises((Problem, Unreadable), match=message):
        CliRunner().invoke(APP, ["routes", *arguments], catch_exceptions=False)
