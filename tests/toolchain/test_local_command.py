"""What the substitute for ``command:local:Command`` does, row by row as the official plugin documents it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.engine import Run
from tests.toolchain.cases import SHOWN, Resource, Table, said_of

# Creating: one row a documented input


@dataclass(frozen=True)
class Created:
    """A row: inputs, and the outputs or the error they give."""

    name: str
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    error: str = ""
    timeout: str | None = None


CREATED = [
    Created("stdout", {"create": "echo one"}, {"stdout": "one", "stderr": ""}),
    Created("stderr", {"create": "echo one >&2"}, {"stdout": "", "stderr": "one"}),
    Created("last-newline", {"create": "printf 'a\\n\\n'"}, {"stdout": "a\n"}),
    Created("no-create", {"update": "echo never"}, {"stdout": "", "stderr": ""}),
    Created("nothing", {}, {"stdout": "", "stderr": ""}),
    Created("environment", {"create": "echo $WORD", "environment": {"WORD": "hello"}}, {"stdout": "hello"}),
    Created("inherits", {"create": "echo $GIVEN_TO_ENGINE"}, {"stdout": "from outside"}),
    Created("no-venv", {"create": "echo ${VIRTUAL_ENV-unset}"}, {"stdout": "unset"}),
    Created("dir", {"create": "pwd", "dir": "/"}, {"stdout": "/"}),
    Created("stdin", {"create": "cat", "stdin": "in\nput"}, {"stdout": "in\nput"}),
    Created("stdin-unread", {"create": "echo done", "stdin": "x" * 300_000}, {"stdout": "done"}),
    Created("no-stdin", {"create": "cat; echo end"}, {"stdout": "end"}),
    Created(
        "interpreter",
        {"create": "import sys; print(sys.argv)", "interpreter": ["python3", "-c"]},
        {"stdout": "['-c']"},
    ),
    Created("interpreter-empty", {"create": "echo $0", "interpreter": []}, {"stdout": "/bin/sh"}),
    Created("not-text", {"create": r"printf '\377'"}, {"stdout": "\ufffd"}),
    Created("long-line", {"create": "head -c 300000 /dev/zero | tr '\\0' x"}, {"stdout": "x" * 300_000}),
    Created("exit-status", {"create": "echo out; echo err >&2; exit 3"}, error='exit status 3: running "echo out; '),
    Created("error-has-output", {"create": "echo said; exit 1"}, error=":\nsaid"),
    Created("error-not-logged", {"create": "echo said; exit 1", "logging": "none"}, error=":\nsaid"),
    Created("signal", {"create": "kill -9 $$"}, error='signal: killed: running "kill -9 $$":'),
    Created(
        "dir-missing", {"create": "true", "dir": "/not/there"}, error="chdir /not/there: no such file or directory"
    ),
    Created(
        "interpreter-missing",
        {"create": "true", "interpreter": ["no-such-program"]},
        error='exec: "no-such-program": executable file not found in $PATH',
    ),
    Created("timeout", {"create": "sleep 60"}, error="not done within its timeout of 1 s", timeout="1s"),
]


@pytest.fixture(scope="module")
def created(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, dict[str, dict[str, Any]]]:
    table = Table(tmp_path_factory.mktemp("created"), {"GIVEN_TO_ENGINE": "from outside"})
    stack = table.declare(Resource(row.name, row.inputs, timeout=row.timeout) for row in CREATED)
    return stack.up("--continue-on-error", expect=1), stack.resources()


@pytest.mark.parametrize("row", [row for row in CREATED if not row.error], ids=lambda row: row.name)
def test_creates(created: tuple[Run, dict[str, dict[str, Any]]], row: Created) -> None:
    resource = created[1][row.name]
    assert {name: resource["outputs"].get(name) for name in row.outputs} == row.outputs
    assert resource.get("inputs", {}) == row.inputs
    assert resource["id"].startswith(row.name)


@pytest.mark.parametrize("row", [row for row in CREATED if row.error], ids=lambda row: row.name)
def test_fails_with_its_output(created: tuple[Run, dict[str, dict[str, Any]]], row: Created) -> None:
    run, resources = created
    assert row.error in "\n".join(said_of(run, row.name, "error"))
    assert row.name not in resources
    assert "Traceback" not in run.text


# The life of a command: create, change, destroy


@dataclass(frozen=True)
class Life:
    """A row: what changes between two updates, what the engine does, and what ran, in its order."""

    name: str
    before: dict[str, Any]
    after: dict[str, Any]
    operation: str | None
    ran: list[str]
    ran_at_the_end: list[str]


def logs(*what: str) -> dict[str, str]:
    """Return commands that log which of them ran."""
    return {command: f'echo {command} >> "$LOG"; echo out of {command}' for command in what}


ALL = logs("create", "update", "delete")
TELL = 'echo "${PULUMI_COMMAND_STDOUT-nothing}/${PULUMI_COMMAND_STDERR-nothing}" >> "$LOG"; echo new; echo bad >&2'

LIVES = [
    Life("same", ALL, ALL, None, ["create"], ["delete"]),
    Life("stdin", {**ALL, "stdin": "1"}, {**ALL, "stdin": "2"}, "update", ["create", "update"], ["delete"]),
    Life("interpreter", ALL, {**ALL, "interpreter": ["/bin/sh", "-c"]}, "update", ["create", "update"], ["delete"]),
    Life("dir", {**ALL, "dir": "/"}, {**ALL, "dir": "/tmp"}, "update", ["create", "update"], ["delete"]),
    Life("logging", ALL, {**ALL, "logging": "none"}, "update", ["create", "update"], ["delete"]),
    Life("create-changed", ALL, {**ALL, "create": "false"}, "update", ["create", "update"], ["delete"]),
    Life("delete-gone", ALL, logs("create", "update"), "update", ["create", "update"], []),
    Life("no-update", logs("create"), {**logs("create"), "stdin": "2"}, "update", ["create", "create"], []),
    Life("neither", logs("delete"), {**logs("delete"), "stdin": "2"}, "update", [], ["delete"]),
    Life(
        "triggers",
        {**ALL, "triggers": [1, {"a": ["x"]}]},
        {**ALL, "triggers": [1, {"a": ["y"]}]},
        "replace",
        ["create", "create", "delete"],
        ["delete"],
    ),
    Life("triggers-come", ALL, {**ALL, "triggers": ["a"]}, "replace", ["create", "create", "delete"], ["delete"]),
    Life("triggers-go", {**ALL, "triggers": ["a"]}, ALL, "replace", ["create", "create", "delete"], ["delete"]),
    Life(
        "triggers-and-stdin",
        {**ALL, "triggers": ["a"], "stdin": "1"},
        {**ALL, "triggers": ["b"], "stdin": "2"},
        "replace",
        ["create", "create", "delete"],
        ["delete"],
    ),
    Life(
        "secret-same",
        {**ALL, "stdin": {"secret": "s"}},
        {**ALL, "stdin": {"secret": "s"}},
        None,
        ["create"],
        ["delete"],
    ),
    Life(
        "previous-output",
        {"create": "echo a; echo b >&2", "update": TELL, "delete": TELL},
        {"create": "echo a; echo b >&2", "update": TELL, "delete": TELL, "stdin": "2"},
        "update",
        ["a/b"],
        ["new/bad"],
    ),
    Life(
        "previous-output-off",
        {"create": "echo a", "update": TELL, "delete": TELL, "addPreviousOutputInEnv": False},
        {"create": "echo a", "update": TELL, "delete": TELL, "addPreviousOutputInEnv": False, "stdin": "2"},
        "update",
        ["nothing/nothing"],
        ["nothing/nothing"],
    ),
    Life(
        "delete-uses-old-inputs",
        {"create": "true", "delete": 'echo "$WORD" >> "$LOG"', "environment": {"WORD": "old"}, "triggers": [1]},
        {"create": "true", "delete": 'echo "$WORD" >> "$LOG"', "environment": {"WORD": "new"}, "triggers": [2]},
        "replace",
        ["old"],
        ["new"],
    ),
]


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run, dict[str, list[str]], dict[str, list[str]]]:
    """Preview and run the change of every row, then destroy; return both runs and what each row's commands logged."""
    folder = tmp_path_factory.mktemp("lived")

    def resource(row: Life, inputs: dict[str, Any]) -> Resource:
        environment = {"LOG": str(folder / f"{row.name}.log"), **inputs.get("environment", {})}
        return Resource(row.name, {**inputs, "environment": environment})

    def logged() -> dict[str, list[str]]:
        files = {row.name: folder / f"{row.name}.log" for row in LIVES}
        lines = {name: path.read_text().splitlines() if path.exists() else [] for name, path in files.items()}
        for path in files.values():
            path.unlink(missing_ok=True)
        return lines

    table = Table(folder)
    table.declare(resource(row, row.before) for row in LIVES).up()
    stack = table.declare(resource(row, row.after) for row in LIVES)
    preview, changed = stack.preview(), stack.up()
    ran = logged()
    stack.destroy()
    return preview, changed, ran, logged()


@pytest.mark.parametrize("row", LIVES, ids=lambda row: row.name)
def test_lives(lived: tuple[Run, Run, dict[str, list[str]], dict[str, list[str]]], row: Life) -> None:
    preview, changed, ran, ran_at_the_end = lived
    for run in (preview, changed):
        operations = {step.operation for step in run.steps() if step.name == row.name} - {"same"}
        replaced = {"create-replacement", "replace", "delete-replaced"}
        assert operations == (replaced if row.operation == "replace" else {row.operation} if row.operation else set())
    assert ran[row.name] == row.ran
    assert ran_at_the_end[row.name] == row.ran_at_the_end


# What is shown while a command runs


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Run:
    inputs = {name: {"logging": level} if level else {} for name, (level, _) in SHOWN.items()}
    resources = [Resource(name, {"create": "echo out; echo err >&2", **given}) for name, given in inputs.items()]
    return Table(tmp_path_factory.mktemp("shown")).declare(resources).up()


@pytest.mark.parametrize("name", SHOWN)
def test_shows_by_logging(shown: Run, name: str) -> None:
    assert set(said_of(shown, name, "info")) == SHOWN[name][1]


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that another process brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so within {seconds} s"
        time.sleep(0.05)


def test_shows_lines_while_the_command_runs(tmp_path: Path) -> None:
    go_on = tmp_path / "go-on"
    command = f"echo first; until [ -e {go_on} ]; do sleep 0.05; done; echo second"
    stack = Table(tmp_path).declare([Resource("slow", {"create": command})])
    with stack.start("up", "--yes", "--skip-preview", "--non-interactive", "--stack", "test") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.endswith("first\n"):
                go_on.touch()
        assert process.wait(timeout=60) == 0


def test_ctrl_c_interrupts_the_command_and_its_children(tmp_path: Path) -> None:
    started, told, late = (tmp_path / name for name in ("started", "told", "late"))
    command = f"trap 'touch {told}; exit 1' INT; (trap '' INT; sleep 20; touch {late}) & touch {started}; wait"
    stack = Table(tmp_path).declare([Resource("long", {"create": command})])
    with stack.start("up", "--yes", "--skip-preview", "--non-interactive", "--stack", "test") as process:
        until(started.exists)
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert time.monotonic() - begun < 15
    assert told.exists()
    assert not late.exists()
    assert "Traceback" not in output + errors
    listed = subprocess.run(["pgrep", "--full", str(late)], capture_output=True, text=True, check=False)
    assert listed.stdout == "", "a child of the command is still running"
    assert stack.resources() == {}
    stack.destroy()  # the lock is gone
