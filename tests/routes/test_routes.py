"""``raven-realtime routes``: where the requests for a host go, through any proxy, held to the letter."""

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


CASES = HERE.parent / "cases"


@pytest.mark.parametrize(
    ("host", "system", "ways"),
    [
        pytest.param(
            "www.customer.example",
            "65-good-frappe-cloud-agent-two-tiers",
            ["/socket.io/  → nginx → nginx → 127.0.0.1:19001", "Origin becomes https://www.customer.example"],
            id="nginx behind nginx",
        ),
        pytest.param(
            "erp.localdev.example", "61-good-fd-caddy-in-front", ["/socket.io/  → caddy → frontend →"], id="Caddy"
        ),
        pytest.param("erp.example.com", "58-good-fd-traefik-https", ["→ proxy → frontend → websocket:9000"], id="both"),
        pytest.param("erp.example.com", "67-good-helm-ingress", ["/socket.io/  → "], id="an Ingress"),
        pytest.param("erp.example.com", "46-haproxy-fifty-seconds-no-tunnel", ["→ haproxy → "], id="HAProxy"),
        pytest.param("erp.example.com", "47-apache-http-proxypass-only", ["→ apache → "], id="Apache"),
        pytest.param("erp.example.com", "77-good-cloudflared-to-frappe-frontend", ["cloudflared → "], id="a tunnel"),
    ],
)
def test_any_proxy(host: str, system: str, ways: list[str]) -> None:
    answer = said(host, str(CASES / system))
    assert [way for way in ways if way not in answer] == [], answer


@pytest.mark.parametrize(
    ("files", "code"),
    [
        pytest.param(("compose.yml",), 0, id="all in force"),
        pytest.param(("compose.yml", "twin.yml"), 1, id="a tie"),
        pytest.param(("compose.yml", "rival.yml"), 1, id="a rule that is refused"),
    ],
)
def test_the_checker(files: tuple[str, ...], code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)
    assert CliRunner().invoke(APP, ["routes", HOST, *files, "--check"]).exit_code == code
    assert CliRunner().invoke(APP, ["routes", "nobody.example.org", *files, "--check"]).exit_code == 1


def test_a_file_that_traefik_does_not_take_is_said(tmp_path: Path) -> None:
    file = tmp_path / "dynamic.yml"
    file.write_text("http:\n  routers:\n    a:\n      rule: Host(`a.example`)\n      servce: a\n")
    assert f"{file}:5: " in said("a.example", str(file))


def test_a_stack_file_is_read_as_swarm_reads_it() -> None:
    stack = ROOT / "tests/unit/declared/healthy/swarm/stack.yml"
    assert "websocket@swarm" in said("erp.example.com", str(stack))


def test_a_host_that_nobody_serves() -> None:
    compose = str(HERE / "compose.yml")
    answer = said("chat.example.org", compose)
    assert "/            → traefik → redirects to https://chat.example.org/" in answer
    assert "/            → traefik → answers 404" in answer


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param((HOST,), "Give files to read", id="nothing to read"),
        pytest.param((HOST, "absent.yml"), r"absent\.yml: the file cannot be read", id="absent"),
        pytest.param((HOST, "strange.yml"), r"strange\.yml: nothing that is judged", id="another file"),
        pytest.param((HOST, "empty"), "empty: nothing here takes a request", id="empty folder"),
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
