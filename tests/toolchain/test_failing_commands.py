"""A command that fails when it updates, is deleted or is replaced: what the state keeps, and how it goes on.

One story for local and remote commands alike, told by the real engine: every command fails until the file ``mended``
is there, and notes that it ran together with the output of the command before it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.engine import Run, Stack
from tests.toolchain.cases import Resource, Table, said_of
from tests.toolchain.sshd import serving

REASONS = {"local": "exit status 7", "remote": "Process exited with status 7"}
"""How each kind says that a command failed."""
ACCEPTED = ("PULUMI_COMMAND_STDOUT", "PULUMI_COMMAND_STDERR")
ROLES = ("updated", "deleted", "replaced")
NAMES = [f"{kind}-{role}" for kind in REASONS for role in ROLES]


@dataclass(frozen=True)
class Chapter:
    """One run of the engine and what was so after it."""

    run: Run
    ran: dict[str, list[str]]
    """What each resource's commands noted in this run, by its name."""
    kept: dict[str, list[dict[str, Any]]]
    """What the state has of each resource, by its name: more than one while an old one waits to be deleted."""


Story = Mapping[str, Chapter]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("failing")
    mended, table = folder / "mended", Table(folder)
    with serving(folder, accepted=ACCEPTED) as server:
        connection = {
            **{"host": "127.0.0.1", "port": server.port, "user": server.user, "privateKey": server.private_key},
            "dialErrorLimit": 1,
        }

        def declared(stdin: str, trigger: int) -> Stack:
            resources = []
            for name in NAMES:
                kind, role = name.split("-")
                note = f'${{PULUMI_COMMAND_STDOUT-nothing}}/${{PULUMI_COMMAND_STDERR-nothing}}" >> {folder / name}.log'
                fails = f"echo of the failed; [ -e {mended} ] || exit 7"
                inputs = {
                    "create": f'echo "create after {note}; echo made; echo noise >&2',
                    "update": f'echo "update after {note}; {fails}; echo updated',
                    "delete": f'echo "delete after {note}; {fails}',
                    "stdin": stdin if role == "updated" else "",
                    "triggers": [trigger if role == "replaced" else 0],
                    **({"connection": connection} if kind == "remote" else {}),
                }
                resources.append(Resource(name, inputs, f"command:{kind}:Command"))
            return table.declare(resources)

        def told(run: Run) -> Chapter:
            logs = {name: folder / f"{name}.log" for name in NAMES}
            ran = {name: log.read_text().splitlines() for name, log in logs.items() if log.exists()}
            for log in logs.values():
                log.unlink(missing_ok=True)
            return Chapter(run, ran, kept(table.stack))

        chapters = {"made": told(declared("1", 1).up())}
        changed = declared("2", 2)
        for name in ("changed", "again"):
            chapters[name] = told(changed.up("--continue-on-error", expect=1))
        mended.touch()
        chapters["mended"] = told(changed.up())
        mended.unlink()
        chapters["deleted in vain"] = told(changed.destroy("--continue-on-error", expect=1))
        mended.touch()
        chapters["deleted"] = told(changed.destroy())
        return chapters


def kept(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """Return the commands in a stack's state by name."""
    exported = json.loads(stack.pulumi("stack", "export", "--stack", stack.name).stdout)
    found: dict[str, list[dict[str, Any]]] = {}
    for item in exported["deployment"].get("resources", []):
        if item["type"].startswith("command:"):
            found.setdefault(item["urn"].rsplit("::", 1)[-1], []).append(item)
    return found


@pytest.mark.parametrize("kind", REASONS)
@pytest.mark.parametrize(
    ("chapter", "role"), [("changed", "updated"), ("changed", "replaced"), ("deleted in vain", "deleted")]
)
def test_the_error_has_the_reason_the_command_and_its_output(story: Story, kind: str, chapter: str, role: str) -> None:
    said = "\n".join(said_of(story[chapter].run, f"{kind}-{role}", "error"))
    assert f'{REASONS[kind]}: running "echo \\"' in said
    assert said.endswith(":\nof the failed")
    assert "Traceback" not in story[chapter].run.text


@pytest.mark.parametrize("kind", REASONS)
def test_a_failed_update_leaves_the_old_state_and_is_tried_again(story: Story, kind: str) -> None:
    name = f"{kind}-updated"
    for chapter in ("changed", "again"):
        (state,) = story[chapter].kept[name]
        assert (state["inputs"]["stdin"], state["outputs"]["stdout"]) == ("1", "made")
        assert story[chapter].ran[name] == ["update after made/noise"]
    (state,) = story["mended"].kept[name]
    assert (state["inputs"]["stdin"], state["outputs"]["stdout"]) == ("2", "of the failed\nupdated")
    assert story["mended"].ran[name] == ["update after made/noise"], "the failed one's output is nowhere"


@pytest.mark.parametrize("kind", REASONS)
def test_a_failed_delete_of_what_was_replaced_waits_in_the_state(story: Story, kind: str) -> None:
    name = f"{kind}-replaced"
    assert story["changed"].ran[name] == ["create after nothing/nothing", "delete after made/noise"]
    assert story["again"].ran[name] == ["delete after made/noise"]
    for chapter in ("changed", "again"):
        waiting = {state["inputs"]["triggers"][0]: state.get("delete", False) for state in story[chapter].kept[name]}
        assert waiting == {1: True, 2: False}
    assert story["mended"].ran[name] == ["delete after made/noise"]
    (state,) = story["mended"].kept[name]
    assert state["inputs"]["triggers"] == [2]


@pytest.mark.parametrize("kind", REASONS)
def test_a_failed_delete_keeps_the_resource(story: Story, kind: str) -> None:
    name = f"{kind}-deleted"
    for chapter in ("deleted in vain", "deleted"):
        assert story[chapter].ran[name] == ["delete after made/noise"]
    assert name in story["deleted in vain"].kept
    assert story["deleted"].kept == {}
