"""``raven-realtime sandbox …``: what a mistake is answered with."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from raven_realtime.problem import Problem
from raven_realtime.sandbox.command import app

REFUSED: dict[str, tuple[list[str], str, str]] = {
    "status of nothing": (["status"], "", "supervisord does not run. Bring the sandbox up with: pulumi up"),
    "programs that are no JSON": (["programs"], "redis", "Standard input is not JSON: "),
    "programs of another shape": (["programs"], '[{"name": 1}]', "The programs on standard input are not as described"),
    "a configuration that nginx refuses": (
        ["nginx", "multiplexer", "--url", "http://127.0.0.1:1"],
        "events {} htpp {}",
        'unknown directive "htpp"',
    ),
    "a bench that is none": (
        ["align-ports", "/no/such/bench"],
        "",
        "raven-realtime:bench: /no/such/bench is not a folder",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(tmp_path: Path, name: str) -> None:
    arguments, given, said = REFUSED[name]
    folder = [] if arguments[0] == "align-ports" else ["--folder", str(tmp_path / "s")]
    ran = CliRunner().invoke(app, [*arguments, *folder], input=given)
    assert isinstance(ran.exception, Problem)
    assert said in str(ran.exception)


@pytest.mark.parametrize("arguments", [["down"], ["remove", "nothing"], ["remove", "nothing", "--down-if-last"]])
def test_taking_down_what_is_not_there_is_no_mistake(tmp_path: Path, arguments: list[str]) -> None:
    ran = CliRunner().invoke(app, [*arguments, "--folder", str(tmp_path / "s")])
    assert (ran.exit_code, ran.exception) == (0, None)
    assert not (tmp_path / "s").exists()
