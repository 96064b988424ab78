"""How the steps log in, on a real sshd: as the user's own ssh does, once for all of them, and never at a stranger."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from components.docker_host import require_login
from raven_realtime import ssh
from raven_realtime.problem import Problem
from raven_realtime.sidecar.host import reached
from tests.toolchain.sshd import Server, serving

ALIAS = "chat.invalid"
"""What the user's configuration calls the server."""


@pytest.fixture(scope="module", params=["ed25519", "rsa"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """An SSH server with a host key of a type, and its folder."""
    folder = tmp_path_factory.mktemp("sshd")
    with serving(folder, host_key=request.param) as running:
        yield running, folder


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have no agent, and a place of the test's own for shared logins."""
    short = tempfile.mkdtemp(prefix="rr-")  # a socket's path has 104 characters at most
    monkeypatch.setattr("tempfile.tempdir", short)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    yield
    shutil.rmtree(short)


def configured(folder: Path, server: Server, *lines: str) -> list[str]:
    """Return the options that have ssh use a configuration, which knows the server's key."""
    known = folder / "known_hosts"
    port = server.port
    known.write_text(f"[127.0.0.1]:{port} {server.host_key}[{ALIAS}]:{port} {server.host_key}{ALIAS} {server.host_key}")
    own = ("HostName 127.0.0.1", f"Port {port}", f"User {server.user}", f"UserKnownHostsFile {known}", *lines)
    config = folder / "config"
    config.write_text("".join([f"Host {ALIAS}\n", *(f"  {line}\n" for line in own)]))
    return ["-F", str(config)]


def says(address: str, key: Path | None, host_key: str, options: list[str]) -> list[str]:
    """Log in as the steps do, and run two commands."""
    require_login(address, ssh.Login(key, host_key, tuple(options)))
    said = []
    for _ in range(2):
        with reached(address, key, host_key, options) as host:
            assert host.server
            said.append(host.server.run("echo", "there"))
    return said


@contextmanager
def agent(folder: Path, key: Path, passphrase: str) -> Iterator[None]:
    """Run an agent that holds a key which is protected by a passphrase."""
    where, ask = folder / "agent", folder / "ask"
    ask.write_text(f"#!/bin/sh\necho '{passphrase}'\n")
    ask.chmod(0o700)
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(where)], stdout=subprocess.DEVNULL) as process:
        os.environ["SSH_AUTH_SOCK"] = str(where)
        given = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
        try:
            while not where.exists():
                assert process.poll() is None
            subprocess.run(["ssh-add", "-q", str(key)], env=given, stdin=subprocess.DEVNULL, check=True)
            yield
        finally:
            del os.environ["SSH_AUTH_SOCK"]
            process.terminate()


def test_a_key_and_a_pinned_host_key_with_one_login_for_all_steps(server: tuple[Server, Path]) -> None:
    running, folder = server
    address = f"ssh://{running.user}@127.0.0.1:{running.port}"
    log = folder / "sshd.log"
    before = log.read_text().count("Accepted publickey")
    said = says(address, folder / "user_key", running.host_key.strip(), ["-F", "none"])
    assert said == ["there\n", "there\n"]
    assert log.read_text().count("Accepted publickey") - before == 1


def test_a_connection_that_falls_silent_is_given_up_and_the_step_logs_in_anew(
    server: tuple[Server, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("raven_realtime.ssh.ALIVE_SECONDS", 1)
    running, folder = server
    address = f"ssh://{running.user}@127.0.0.1:{running.port}"
    reach = (address, folder / "user_key", running.host_key.strip(), ["-F", "none"])
    with reached(*reach) as host:
        assert host.server
        session = int(host.server.run("sh", "-c", "echo $PPID"))
        os.kill(session, signal.SIGSTOP)  # to the other end as if the network were gone
        try:
            assert host.server.run("echo", "there", seconds=60) == "there\n"
        finally:
            os.kill(session, signal.SIGKILL)


def test_a_protected_key_in_an_agent_as_a_user_that_only_the_configuration_names(
    server: tuple[Server, Path], tmp_path: Path
) -> None:
    running, folder = server
    options = configured(tmp_path, running)
    with agent(tmp_path, folder / "encrypted_key", running.passphrase):
        assert says(f"ssh://{ALIAS}", None, "", options) == ["there\n", "there\n"]


def test_through_a_jump_host(server: tuple[Server, Path], tmp_path: Path) -> None:
    running, folder = server
    key = f"IdentityFile {folder / 'user_key'}"
    options = configured(tmp_path, running, key)
    config = tmp_path / "config"
    jump = config.read_text().replace(f"Host {ALIAS}", "Host jump.invalid")
    config.write_text(f"{config.read_text()}  ProxyJump jump.invalid\n{jump}  HostKeyAlias {ALIAS}\n")
    assert says(f"ssh://{ALIAS}", None, "", options) == ["there\n", "there\n"]


def test_a_server_that_nobody_verified_is_refused_with_what_verifies_it(
    server: tuple[Server, Path], tmp_path: Path
) -> None:
    running, folder = server
    unknown = ["-F", "none", "-o", f"UserKnownHostsFile={tmp_path}/nothing"]
    address = f"ssh://{running.user}@127.0.0.1:{running.port}"
    with pytest.raises(Problem) as refused:
        require_login(address, ssh.Login(folder / "user_key", options=tuple(unknown)))
    assert f"ssh -p {running.port} 127.0.0.1" in str(refused.value)
    assert "raven-realtime:sshHostKey" in str(refused.value)


def test_another_server_than_the_pinned_one_is_refused(server: tuple[Server, Path]) -> None:
    running, folder = server
    address = f"ssh://{running.user}@127.0.0.1:{running.port}"
    with pytest.raises(Problem, match="shows another host key"):
        require_login(address, ssh.Login(folder / "user_key", running.other_host_key.strip()))
