"""What the substitute refuses before anything runs, and what it says at preview."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from tests.engine import throwaway
from tests.toolchain.cases import Resource, Table, said_of
from toolchain.plugins.command.__main__ import PLUGIN
from toolchain.plugins.serving import Servicer
from toolchain.plugins.values import (
    ARCHIVE,
    ASSET,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    from_wire,
    plain,
    secret,
    signature,
    to_wire,
)

LOCAL, COMMAND, COPY = "command:local:Command", "command:remote:Command", "command:remote:CopyToRemote"
HOST = {"host": "127.0.0.1"}

REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "unknown input": (LOCAL, {"crate": "true"}, "crate: there is no input of this name; the nearest is 'create'"),
    "number for create": (LOCAL, {"create": 5}, "create: expected a string, got a number"),
    "list for environment": (LOCAL, {"environment": ["A=1"]}, "environment: expected an object, got an array"),
    "number in environment": (LOCAL, {"environment": {"A": 1}}, 'environment["A"]: expected a string, got a number'),
    "string for interpreter": (LOCAL, {"interpreter": "sh"}, "interpreter: expected an array, got a string"),
    "number in interpreter": (LOCAL, {"interpreter": ["sh", 1]}, "interpreter[1]: expected a string, got a number"),
    "string for a flag": (LOCAL, {"addPreviousOutputInEnv": "no"}, "expected a boolean, got a string"),
    "unknown logging": (LOCAL, {"logging": "loud"}, "logging: expected one of 'stdout', 'stderr'"),
    "no connection": (COMMAND, {"create": "true"}, "Missing required property 'connection'"),
    "string for connection": (COMMAND, {"connection": "host"}, "connection: expected an object, got a string"),
    "no host": (COMMAND, {"connection": {"user": "u"}}, "connection: Missing required property 'host'"),
    "unknown setting": (COMMAND, {"connection": {**HOST, "prot": 22}}, "connection.prot: there is no input of this"),
    "half a number": (COMMAND, {"connection": {**HOST, "dialErrorLimit": 1.5}}, "got a number with a fraction"),
    "proxy without host": (COMMAND, {"connection": {**HOST, "proxy": {}}}, "connection.proxy: Missing required"),
    "no source": (COPY, {"connection": HOST, "remotePath": "/x"}, "Missing required property 'source'"),
    "string as source": (
        COPY,
        {"connection": HOST, "remotePath": "/x", "source": "/f"},
        "expected an asset or archive",
    ),
    "text as source": (
        COPY,
        {"connection": HOST, "remotePath": "/x", "source": {SIGNATURE: ASSET, "text": "t"}},
        "asset: asset must be a path-based file asset",
    ),
    "archive of assets": (
        COPY,
        {"connection": HOST, "remotePath": "/x", "source": {SIGNATURE: ARCHIVE, "assets": {}}},
        "archive: archive must be a path to a file or directory",
    ),
}


def check(token: str, inputs: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Ask the substitute's own service to check inputs; return them completed, and its failures."""
    request = provider_pb2.CheckRequest(urn=f"urn:pulumi:test::project::{token}::name", news=to_wire(inputs))
    answer = asyncio.run(Servicer(PLUGIN, "").Check(request, None))
    return from_wire(answer.inputs), [f"{failure.property}: {failure.reason}" for failure in answer.failures]


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case: str) -> None:
    token, inputs, reason = REFUSED[case]
    _, failures = check(token, inputs)
    assert len(failures) == 1
    assert reason in failures[0]


ACCEPTED: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing": (LOCAL, {}),
    "unknown at preview": (LOCAL, {"create": UNKNOWN, "environment": {"A": UNKNOWN}, "triggers": [UNKNOWN]}),
    "secrets": (LOCAL, {"create": secret("true"), "environment": secret({"A": "b"})}),
    "any trigger": (LOCAL, {"triggers": [1, "a", None, {"b": [True]}]}),
    "unknown source": (COPY, {"connection": HOST, "remotePath": "/x", "source": UNKNOWN}),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_accepts(case: str) -> None:
    token, inputs = ACCEPTED[case]
    completed, failures = check(token, inputs)
    assert failures == []
    assert {name: completed[name] for name in inputs if name != "connection"} == {
        name: value for name, value in inputs.items() if name != "connection"
    }


def test_completes_the_connection_and_keeps_it_secret() -> None:
    completed, _ = check(COMMAND, {"connection": {"host": "h", "password": "p"}})
    assert signature(completed["connection"]) == SECRET
    assert signature(completed["connection"]["value"]["password"]) == SECRET
    assert plain(completed["connection"]) == {
        **{"host": "h", "password": "p", "port": 22, "user": "root", "dialErrorLimit": 10, "perDialTimeout": 15}
    }


def test_a_refusal_names_the_resource_and_creates_nothing(tmp_path: Path) -> None:
    table = Table(tmp_path)
    run = table.declare([Resource("wrong", {"crate": "touch /tmp/never"})]).preview(expect=1)
    assert "there is no input of this name; the nearest is 'create'" in "\n".join(said_of(run, "wrong", "error"))


UNSUPPORTED = {
    "a resource": (
        'pulumi_command.remote.CopyFile("copy", connection={"host": "h"}, local_path="a", remote_path="b")',
        "command:remote:CopyFile is not supported by this substitute for the official command plugin",
    ),
    "a function": (
        'pulumi_command.local.run(command="true")',
        "the function command:local:run is not supported by this substitute for the official command plugin",
    ),
}


@pytest.mark.parametrize("what", UNSUPPORTED)
def test_refuses_by_name_what_it_does_not_do(tmp_path: Path, what: str) -> None:
    program, message = UNSUPPORTED[what]
    stack = throwaway(tmp_path, f"import pulumi_command\n{program}\n")
    assert message in stack.up(expect=1).text
    assert stack.resources() == {}


PROGRAM = """
import pulumi
from pulumi_command import local
first = local.Command("first", create="echo a; touch ran", stdin=pulumi.Config().get("stdin") or "1")
local.Command("second", create=first.stdout.apply(lambda text: f"echo {text}"))
secret = pulumi.Output.secret("hidden-word")
quiet = local.Command("quiet", create="printf $WORD", environment={"WORD": secret}, logging=local.Logging.NONE,
                      opts=pulumi.ResourceOptions(additional_secret_outputs=["stdout"]))
pulumi.export("stdout", first.stdout)
"""


def test_preview_runs_nothing_and_does_not_know_the_output(tmp_path: Path) -> None:
    stack = throwaway(tmp_path, PROGRAM)
    run = stack.preview()
    assert run.operations() == {"first": "create", "second": "create", "quiet": "create"}
    assert not (stack.folder / "ran").exists()
    assert "stdout: [unknown]" in run.stdout
    stack.up()
    stack.set_config("stdin", "2")
    changed = stack.preview()
    assert changed.operations() == {"first": "update", "second": "update"}, "what hangs on a changed command may change"


def test_secrets_stay_secret(tmp_path: Path) -> None:
    stack = throwaway(tmp_path, PROGRAM)
    run = stack.up()
    exported = stack.pulumi("stack", "export", "--stack", "test").stdout
    assert "hidden-word" not in run.text + exported
    assert "hidden-word" in stack.pulumi("stack", "export", "--show-secrets", "--stack", "test").stdout
    quiet: dict[str, Any] = stack.resources()["quiet"]
    assert "ciphertext" in quiet["inputs"]["environment"]["WORD"]
    assert "ciphertext" in quiet["outputs"]["environment"]["WORD"]
    assert "ciphertext" in quiet["outputs"]["stdout"]
    stack.refresh()
    assert stack.up().operations() == {}, "a refresh changes nothing"
