"""`verify`'s way to a server, over a real sshd: the deployed connection, the key out of sight, the host's compared."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from raven_realtime.live.verify import remote
from raven_realtime.live.verify.command import run
from raven_realtime.live.verify.declared import CHECKS, checks
from raven_realtime.problem import Problem
from tests.toolchain.sshd import Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
def connection(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the state holds of a connection; temporary files go to a folder of the test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    known = {"host": "127.0.0.1", "port": float(server.port), "user": server.user}
    return {**known, "privateKey": server.private_key, "hostKey": server.host_key.strip()}


@pytest.mark.parametrize(("line", "code"), [("true", 0), ("echo it is refused >&2; exit 3", 3)])
def test_the_line_runs_there_and_its_exit_code_counts(
    connection: dict[str, Any], line: str, code: int, tmp_path: Path
) -> None:
    assert remote.run(connection, line) == code
    assert list(tmp_path.iterdir()) == []


def test_without_a_host_key_the_server_is_taken_as_it_is(connection: dict[str, Any]) -> None:
    assert remote.run({**connection, "hostKey": None}, "true") == 0


def test_another_server_is_refused(
    connection: dict[str, Any], server: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert remote.run({**connection, "hostKey": server.other_host_key.strip()}, f"touch {tmp_path}/ran") == 255
    assert "Host key verification failed" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_key_is_in_a_file_of_ours_alone_and_on_no_command_line(connection: dict[str, Any], tmp_path: Path) -> None:
    with remote.command(connection, "true") as words:
        key = Path(words[words.index("-i") + 1])
        assert key.stat().st_mode & 0o777 == 0o600
        assert key.parent.stat().st_mode & 0o777 == 0o700
        assert key.read_text() == connection["privateKey"]
        assert not any(line in " ".join(words) for line in connection["privateKey"].splitlines())
    assert list(tmp_path.iterdir()) == []


def secret(value: Any) -> dict[str, str]:
    """Return a secret as ``pulumi stack export --show-secrets`` writes it."""
    return {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "plaintext": json.dumps(value)}


def test_the_connection_is_read_from_an_exported_state(connection: dict[str, Any]) -> None:
    parent = f"urn:pulumi:prod::p::{CHECKS}::inward"
    exported = {
        "urn": f"urn:pulumi:prod::p::{CHECKS}$command:remote:Command::inward-host",
        "type": "command:remote:Command",
        "parent": parent,
        # pulumi-command makes the whole connection a secret, and the stack the key in it
        "inputs": {
            "create": "exit 3",
            "connection": secret({**connection, "privateKey": secret(connection["privateKey"])}),
        },
    }
    (check,) = checks({"deployment": {"resources": [exported]}})
    assert check.connection == connection
    assert run(check) == 3
    assert connection["privateKey"] not in repr(check)


@pytest.mark.parametrize("key", remote.UNSUPPORTED)
def test_what_ssh_cannot_take_is_refused_by_name(connection: dict[str, Any], key: str) -> None:
    with pytest.raises(Problem, match=f"with {key}") as refused:
        remote.run({**connection, key: "a secret"}, "true")
    assert "a secret" not in str(refused.value)
