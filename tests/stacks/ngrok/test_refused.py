"""What ngrok refuses or leaves unanswered: a message to act on, and nothing created. The cases run side by side."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import golden
from tests.stacks.deployment import within
from tests.stacks.ngrok.secrets import places_of
from tests.stacks.ngrok.tunnelled import STANDIN, Tunnelled, tunnelled
from tests.standins.ngrok.tokens import MALFORMED, VALID

GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Case:
    """What is wrong."""

    token: str = VALID
    standin: Mapping[str, str] = field(default_factory=dict)
    another_agent: bool = False


CASES = {
    "malformed token": Case(MALFORMED),
    "second agent on a free plan": Case(standin={"PLAN": "free"}, another_agent=True),
    "agent API silent": Case(standin={"FAULT": "silent-api"}),
    "ngrok unreachable": Case(standin={"FAULT": "unreachable"}),
}


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    said: str
    """pulumi's error."""
    state: list[str]
    """The resources that Pulumi keeps, components left out."""
    sandbox: bool
    """Whether the sandbox's folder is there."""
    left: list[str]
    """Processes of the sandbox that are there."""
    token: set[str]
    """Where the token stands."""


@contextmanager
def another_agent(tunnel: Tunnelled) -> Iterator[None]:
    """Run an agent of the same account, as on another machine."""
    file = tunnel.account / "another.yml"
    file.write_text(json.dumps({"version": 3, "agent": {"authtoken": VALID, "web_addr": False, "log": "stdout"}}))
    command = [*tunnel.before, str(tunnel.copy.folder / STANDIN / "ngrok"), "start", "--none", "--config", str(file)]
    environment = {**tunnel.stack.environment, "NGROK_STANDIN_PORT": "8443"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert any("client session established" in line for line in process.stdout), "the agent ended"
            yield
        finally:
            process.terminate()


def commands(tunnel: Tunnelled) -> list[str]:
    """Return the commands that Pulumi keeps: what was created."""
    return [name for name, found in tunnel.stack.resources().items() if found["type"] == "command:local:Command"]


def outcome(case: Case, folder: Path) -> Outcome:
    with tunnelled(folder, network=True, **case.standin) as tunnel:
        if case.another_agent:
            with another_agent(tunnel):
                run = tunnel.up(token=case.token, expect=1)
        else:
            run = tunnel.up(token=case.token, expect=1)
        within(10, lambda: [str(process) for process in tunnel.processes()])
        return Outcome(
            tunnel.steady(run.diagnostics("error")[0]) + "\n",
            commands(tunnel),
            tunnel.copy.places.root.exists(),
            [" ".join(process.cmdline()) for process in tunnel.processes()],
            places_of(case.token, tunnel),
        )


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folders = [tmp_path_factory.mktemp("r") for _ in CASES]
    with ThreadPoolExecutor(len(CASES)) as pool:
        return dict(zip(CASES, pool.map(outcome, CASES.values(), folders), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_it_says_what_to_do(outcomes: dict[str, Outcome], name: str) -> None:
    golden.hold(GOLDEN / f"{name.lower().replace(' ', '_')}.txt", outcomes[name].said)


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_created(outcomes: dict[str, Outcome], name: str) -> None:
    """The tunnel comes first, and takes supervisord along when it fails."""
    found = outcomes[name]
    assert found.state == []
    assert not found.sandbox
    assert found.left == []


def test_ctrl_c_while_the_agent_is_waited_for_leaves_nothing(tmp_path: Path) -> None:
    with tunnelled(tmp_path, network=True, FAULT="silent-api") as tunnel:
        tunnel.configure()
        with tunnel.stack.start("up", "--yes", "--skip-preview", "--non-interactive", "--stack", "sandbox") as process:
            within(30, lambda: [] if len(tunnel.processes_of_the_agent()) > 1 else ["no agent yet"])
            os.killpg(process.pid, signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Traceback" not in stdout + stderr
        assert commands(tunnel) == []
        assert not tunnel.copy.places.root.exists()
        within(5, lambda: [str(process) for process in tunnel.processes()])


@pytest.mark.parametrize("name", CASES)
def test_no_token_is_to_be_found(outcomes: dict[str, Outcome], name: str) -> None:
    assert outcomes[name].token == set()
