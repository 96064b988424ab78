"""What the substitute for ``command:remote:…`` does, against a real SSH server."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from demo.ports import free_port
from tests.engine import Run
from tests.toolchain.cases import SHOWN, Resource, Table, said_of
from tests.toolchain.sshd import Server, serving

COMMAND, COPY = "command:remote:Command", "command:remote:CopyToRemote"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture(scope="module")
def agent(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run an SSH agent that holds the user's key; return its socket."""
    folder = tmp_path_factory.mktemp("agent")
    path = str(folder / "socket")
    key = folder / "key"
    key.touch(mode=0o600)
    key.write_text(server.private_key)
    with subprocess.Popen(["ssh-agent", "-D", "-a", path], stdout=subprocess.DEVNULL) as process:
        while not Path(path).exists():
            assert process.poll() is None
            time.sleep(0.02)
        subprocess.run(["ssh-add", "-q", key], env={**os.environ, "SSH_AUTH_SOCK": path}, check=True)
        yield path
        process.terminate()


def connection(server: Server, **changes: Any) -> dict[str, Any]:
    """Return a connection that works, with changes; ``None`` takes a setting away."""
    working = {
        **{"host": "127.0.0.1", "port": server.port, "user": server.user, "privateKey": server.private_key},
        **{"dialErrorLimit": 1, **changes},
    }
    return {name: value for name, value in working.items() if value is not None}


# Commands


@dataclass(frozen=True)
class Row:
    """Inputs besides the connection, changes of the connection, and the output or the error they give."""

    name: str
    inputs: dict[str, Any]
    stdout: str | None = None
    error: str = ""
    connection: dict[str, Any] = field(default_factory=dict)


def rows(server: Server, agent: str, closed_port: int) -> list[Row]:
    proxy = connection(server, dialErrorLimit=None)
    return [
        Row("stdout", {"create": "echo one; echo two >&2"}, "one"),
        Row("environment", {"create": "echo $ACCEPTED$REFUSED", "environment": {"ACCEPTED": "a", "REFUSED": "b"}}, "a"),
        Row("stdin", {"create": "cat", "stdin": "in"}, "in"),
        Row("no-stdin", {"create": "cat; echo end"}, "end"),
        Row("exit-status", {"create": "echo out; exit 3"}, error='Process exited with status 3: running "echo out; '),
        Row("error-has-output", {"create": "echo out; echo err >&2; exit 3"}, error="out"),
        Row("encrypted-key", {"create": "echo in"}, "in", connection=_encrypted(server, server.passphrase)),
        Row("wrong-passphrase", {}, error="private key cannot be used", connection=_encrypted(server, "wrong")),
        Row("not-a-key", {}, error="private key cannot be used", connection={"privateKey": "no key"}),
        Row(
            "no-key", {}, error="after 1 failed attempts: 127.0.0.1: Permission denied", connection={"privateKey": None}
        ),
        Row("agent", {"create": "echo in"}, "in", connection={"privateKey": None, "agentSocketPath": agent}),
        Row("no-agent", {}, error="/no/agent does not answer", connection={"agentSocketPath": "/no/agent"}),
        Row("host-key", {"create": "echo in"}, "in", connection={"hostKey": server.host_key}),
        Row("other-host", {}, error="Host key is not trusted", connection={"hostKey": server.other_host_key}),
        Row("not-a-host-key", {}, error="hostKey cannot be read", connection={"hostKey": "no key"}),
        Row("proxy", {"create": "echo in"}, "in", connection={"proxy": proxy}),
        Row("no-proxy", {}, error="after 10 failed", connection={"proxy": {**proxy, "port": closed_port}}),
        Row("closed", {}, error="after 3 failed attempts", connection={"port": closed_port, "dialErrorLimit": 3}),
    ]


def _encrypted(server: Server, passphrase: str) -> dict[str, Any]:
    return {"privateKey": server.encrypted_key, "privateKeyPassword": passphrase}


ROWS = [row.name for row in rows(Server(0, "", "", "", "", "", ""), "", 0)]


@dataclass(frozen=True)
class Ran:
    run: Run
    resources: dict[str, dict[str, Any]]
    rows: dict[str, Row]


@pytest.fixture(scope="module")
def ran(server: Server, agent: str, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    table = rows(server, agent, free_port())
    resources = [
        Resource(
            row.name, {"create": "true", **row.inputs, "connection": connection(server, **row.connection)}, COMMAND
        )
        for row in table
    ]
    stack = Table(tmp_path_factory.mktemp("remote")).declare(resources)
    run = stack.up("--continue-on-error", expect=1)
    return Ran(run, stack.resources(), {row.name: row for row in table})


@pytest.mark.parametrize("name", ROWS)
def test_runs_on_the_host(ran: Ran, server: Server, name: str) -> None:
    row = ran.rows[name]
    if row.error:
        assert row.error in "\n".join(said_of(ran.run, name, "error"))
        assert name not in ran.resources
    else:
        assert ran.resources[name]["outputs"]["stdout"] == row.stdout
        assert "ciphertext" in ran.resources[name]["outputs"]["connection"], "the connection is a secret"


def test_says_no_secret_and_no_traceback(ran: Ran, server: Server) -> None:
    for word in ("Traceback", server.passphrase, server.private_key.splitlines()[1]):
        assert word not in ran.run.text


@pytest.fixture(scope="module")
def shown(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Run:
    levels = {name: {"logging": level} if level else {} for name, (level, _) in SHOWN.items()}
    command = {"create": "echo out; echo err >&2", "connection": connection(server)}
    resources = [Resource(name, {**command, **level}, COMMAND) for name, level in levels.items()]
    return Table(tmp_path_factory.mktemp("shown")).declare(resources).up()


@pytest.mark.parametrize("name", SHOWN)
def test_shows_by_logging(shown: Run, name: str) -> None:
    assert set(said_of(shown, name, "info")) == SHOWN[name][1]


def test_lives_as_a_local_command_does(server: Server, tmp_path: Path) -> None:
    log = tmp_path / "log"
    commands = {name: f"echo {name} ${{PULUMI_COMMAND_STDOUT-}} >> {log}" for name in ("create", "update", "delete")}

    def declared(**inputs: Any) -> list[Resource]:
        return [Resource("life", {**commands, **inputs, "connection": connection(server)}, COMMAND)]

    table = Table(tmp_path)
    table.declare(declared(stdin="1", triggers=[1])).up()
    assert table.declare(declared(stdin="2", triggers=[1])).up().operations() == {"life": "update"}
    table.declare(declared(stdin="2", triggers=[2])).up()
    table.stack.destroy()
    assert log.read_text().split() == ["create", "update", "create", "delete", "delete"]


def test_ctrl_c_ends_a_remote_command(server: Server, tmp_path: Path) -> None:
    started = tmp_path / "started"
    inputs = {"create": f"touch {started}; sleep 30", "connection": connection(server)}
    stack = Table(tmp_path).declare([Resource("long", inputs, COMMAND)])
    with stack.start("up", "--yes", "--skip-preview", "--non-interactive", "--stack", "test") as process:
        while not started.exists():
            assert process.poll() is None
            time.sleep(0.05)
        begun = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert time.monotonic() - begun < 15
    assert "Traceback" not in output + errors


# Copies


def test_copies_as_documented(server: Server, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "folder" / "deep").mkdir(parents=True)
    (here / "folder" / "deep" / "leaf.txt").write_text("leaf")
    (here / "file.txt").write_text("one")
    (there / "is-folder").mkdir(parents=True)
    (there / "is-file").write_text("old")
    file, folder = {"file": f"{here}/file.txt"}, {"archive": f"{here}/folder"}
    copies = {
        "file-to-absent": (file, "absent", "absent"),
        "file-to-file": (file, "is-file", "is-file"),
        "file-to-folder": (file, "is-folder", "is-folder/file.txt"),
        "folder-to-absent": (folder, "new", "new/folder/deep/leaf.txt"),
        "folder-to-folder": (folder, "is-folder", "is-folder/folder/deep/leaf.txt"),
        "slash-to-absent": ({"archive": f"{here}/folder/"}, "new-too", "new-too/deep/leaf.txt"),
        "no-parent": (file, "no/parent", None),
        "folder-to-file": (folder, "is-file-too", None),
    }
    (there / "is-file-too").write_text("old")

    def declared(**changes: Any) -> list[Resource]:
        return [
            Resource(
                name,
                {"source": source, "remotePath": f"{there}/{target}", "connection": connection(server, **changes)},
                COPY,
            )
            for name, (source, target, _) in copies.items()
        ]

    table = Table(tmp_path)
    failed = table.declare(declared()).up("--continue-on-error", expect=1)
    for name, (source, _, made) in copies.items():
        if made is None:
            assert said_of(failed, name, "error"), name
        else:
            assert (there / made).read_text() == ("leaf" if "archive" in source else "one"), name

    for name in ("no-parent", "folder-to-file"):
        del copies[name]
    (here / "file.txt").write_text("two")
    operations = table.declare(declared()).up().operations()
    assert operations == dict.fromkeys(("file-to-absent", "file-to-file", "file-to-folder"), "update")
    assert (there / "absent").read_text() == "two"

    (there / "absent").unlink()
    table.declare(declared(perDialTimeout=20)).up()
    assert not (there / "absent").exists(), "another connection is no reason to copy again"
    table.stack.destroy()
    assert (there / "is-file").read_text() == "two", "deleting leaves the copies"
