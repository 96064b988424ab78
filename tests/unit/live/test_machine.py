"""What the machine starts: without our secrets, its last words fit to be shown, and IPv6 addresses in brackets."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from raven_realtime.machine import CannotLook, Machine, environment

SECRETS = ("RAVEN_REALTIME_SID", "RAVEN_REALTIME_REDIS", "PULUMI_CONFIG_PASSPHRASE", "NGROK_AUTHTOKEN")
SSH = f"""#!{sys.executable}
import json, os, pathlib, socket, sys, time
spec = sys.argv[sys.argv.index("-L") + 1] if "-L" in sys.argv else ""
told = {{"forward": spec, "environment": sorted(os.environ)}}
pathlib.Path(__file__).with_name("told.json").write_text(json.dumps(told))
if spec:
    server = socket.create_server(("127.0.0.1", int(spec.split(":")[1])))
    time.sleep(30)
"""


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an ssh on the PATH that writes down what it was given, and secrets in the environment."""
    program = tmp_path / "ssh"
    program.write_text(SSH)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("LEFT_ALONE", "1")
    for name in SECRETS:
        monkeypatch.setenv(name, "planted")
    return tmp_path / "told.json"


@pytest.mark.usefixtures("ssh")
def test_a_command_here_inherits_no_secrets() -> None:
    names = {line.partition("=")[0] for line in Machine().run("env").splitlines()}
    assert names.isdisjoint(SECRETS)
    assert {"PATH", "LEFT_ALONE"} <= names
    assert set(environment()).isdisjoint(SECRETS)


def test_a_command_over_ssh_inherits_no_secrets(ssh: Path) -> None:
    Machine.at("server").run("true")
    names = set(json.loads(ssh.read_text())["environment"])
    assert names.isdisjoint(SECRETS)
    assert "LEFT_ALONE" in names


@pytest.mark.parametrize(
    ("host", "there"),
    [
        ("::1", "[::1]:9000"),
        ("[::1]", "[::1]:9000"),
        ("fe80::1%eth0", "[fe80::1%eth0]:9000"),
        ("127.0.0.1", "127.0.0.1:9000"),
        ("web", "web:9000"),
    ],
)
def test_a_port_is_forwarded(ssh: Path, host: str, there: str) -> None:
    with Machine.at("server").reach(host, 9000) as (name, port):
        told = json.loads(ssh.read_text())
        assert told["forward"] == f"{name}:{port}:{there}"
        assert set(told["environment"]).isdisjoint(SECRETS)


def test_the_last_words_of_a_command_are_fit_to_be_shown() -> None:
    with pytest.raises(CannotLook) as raised:
        Machine().run("sh", "-c", r"printf '\033[2Jgone' >&2; exit 3")
    assert str(raised.value) == "sh failed: [2Jgone"
