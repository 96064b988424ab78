"""The Docker host of the stack: where it is, how ssh gets there, and whether it answers."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi
from pulumi_command import local

from components.commands import local_command, raven_realtime
from raven_realtime import ssh
from raven_realtime.problem import Problem
from raven_realtime.settings import PROJECT

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
PORTS = {"tcp": 2375, "http": 2375, "https": 2376}
"""Docker's ports where an address has none."""
ACCEPTED = "unix:///var/run/docker.sock, tcp://server:2376, ssh://user@server"
ANSWER_SECONDS = 10.0
SSH_FAILED = 255
"""The exit code of ssh when it did not get as far as the command (ssh manual)."""


@dataclass(frozen=True)
class DockerHost:
    """Where the Docker daemon is, and how a step gets there."""

    address: str
    """As `docker -H` takes it. How ssh logs in there is no part of a line: every operator has a key of their own."""

    @property
    def is_remote(self) -> bool:
        """Whether the server is reached over ssh."""
        return self.address.startswith("ssh://")

    @property
    def is_here(self) -> bool:
        """Whether the server is this machine."""
        return self.address.startswith("unix://")

    @property
    def options(self) -> tuple[str, ...]:
        """The options of `raven-realtime` that lead to the daemon."""
        return ("--docker-host", self.address)

    @classmethod
    def of_stack(cls, *, ssh_key_file: str | None, ssh_host_key: str | None) -> DockerHost:
        """Read `docker:host` of this stack (or DOCKER_HOST) and what ssh needs; in an update the steps will log in so.

        Args:
            ssh_key_file: path of the private key; the keys of the agent and of ssh's configuration if left out.
            ssh_host_key: the server's public key, to be sure of it; what ssh knows of the server if left out.

        Raises:
            Problem: an address that is none, a key that is missing or that others can read; and, in an update, nobody
                answers at the address, or sshd does not let us in.
        """
        docker = pulumi.Config("docker")
        address = docker.get("host") or os.environ.get("DOCKER_HOST", "") or DEFAULT_ADDRESS
        require_address(address)
        further = tuple(docker.get_object("sshOpts") or ())
        asked = not pulumi.runtime.is_dry_run() and not docker.get_bool("disableDockerDaemonCheck")
        if not address.startswith("ssh://"):
            if asked:
                require_answer(address)
            return cls(address)
        if ssh_key_file:
            require_key(Path(ssh_key_file))
        if asked:
            key = Path(ssh_key_file).expanduser().absolute() if ssh_key_file else None
            login = ssh.Login(key, ssh_host_key or "", further)
            require_login(address, login)
            ssh.remember(address, login)
        return cls(address)

    def line(self, *arguments: str) -> str:
        """Return the shell line of a step, ``raven-realtime sidecar …``, on this Docker host."""
        return raven_realtime("sidecar", *arguments, *self.options)

    def step(
        self,
        name: str,
        line: pulumi.Input[str],
        *,
        parent: pulumi.Resource,
        after: Sequence[pulumi.Resource] = (),
        delete: str | None = None,
        stdin: str | None = None,
        triggers: Sequence[Any] | None = None,
        was: str | None = None,
    ) -> local.Command:
        """Declare a step.

        Args:
            name: the resource's name.
            line: its line, such as `line` gives.
            parent: the component that it belongs to.
            after: what has to be there first.
            delete: the line for `pulumi destroy`.
            stdin: what the line reads from standard input; a change of it updates in place.
            triggers: values whose change reruns the line.
            was: what the resource was called before.
        """
        return local_command(
            name, line, parent=parent, after=after, delete=delete, stdin=stdin, triggers=triggers, was=was
        )


def require_address(address: str) -> None:
    """Refuse what is no address of a Docker host.

    Raises:
        Problem: it is none.
    """
    try:
        parts = urlsplit(address)
        lacks = parts.port == 0 or not (parts.path if parts.scheme == "unix" else parts.hostname)
    except ValueError:
        lacks = True
    if lacks or parts.scheme not in {"unix", "ssh", *PORTS}:
        accepted = "ssh://user@server or ssh://user@server:port" if address.startswith("ssh:") else ACCEPTED
        raise Problem(f"docker:host: found {address!r}; accepted: {accepted}.")


def require_answer(address: str) -> None:
    """Try the Docker host's address before anything depends on it. A preview may be made without a daemon.

    Args:
        address: as `docker:host` has it: unix:///path, tcp://host:port.

    Raises:
        Problem: nobody listens there.
    """
    parts = urlsplit(address)
    try:
        if parts.scheme == "unix":
            with socket.socket(socket.AF_UNIX) as one:
                one.settimeout(ANSWER_SECONDS)
                one.connect(parts.path)
        elif parts.hostname and parts.scheme in PORTS:
            socket.create_connection((parts.hostname, parts.port or PORTS[parts.scheme]), ANSWER_SECONDS).close()
    except OSError as error:
        raise _silent("the Docker daemon", address, error.strerror or str(error)) from None


def _silent(who: str, address: str, why: str) -> Problem:
    return Problem(
        f"docker:host: {who} does not answer at {address}: {why}. Start it, let this machine reach it, or correct "
        f"docker:host ({ACCEPTED}). Nothing was changed."
    )


def require_login(address: str, login: ssh.Login) -> None:
    """Log in as the steps will, who share this login: with the system's ssh and the user's own configuration of it.

    Args:
        address: ssh://user@host:port; without a user, whom ssh's configuration names.
        login: how to log in there.

    Raises:
        Problem: there is no ssh, the server is not the one that is expected, or it does not let the key in.
    """
    parts = urlsplit(address)
    options = (*login.options, "-o", f"ConnectTimeout={ANSWER_SECONDS:.0f}")
    with ssh.options_for(address, login.key, login.host_key, options) as given:
        shared = ssh.shared(address, given, login)
        line = [*ssh.words(address, [*given, *shared]), "true"]
        try:
            ran = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise Problem(f"docker:host: {address} needs the program ssh on this machine. Install it.") from None
    if ran.returncode != SSH_FAILED:
        return
    if "Host key verification failed" in ran.stderr and login.host_key:
        raise Problem(
            f"{PROJECT}:sshHostKey: the server at {address} shows another host key than this one. If it was set up "
            f"anew, take its key from `ssh-keyscan {parts.hostname}` and compare it with the server's own "
            "/etc/ssh/ssh_host_*_key.pub; if it was not, somebody may stand in for it. Nothing was changed."
        )
    if "Host key verification failed" in ran.stderr:
        port = f"-p {parts.port} " if parts.port else ""
        raise Problem(
            f"docker:host: nobody has verified yet that the server at {address} is the right one, or its host key has "
            f"changed. Compare what `ssh {port}{parts.hostname}` shows with the server's own "
            f"/etc/ssh/ssh_host_*_key.pub, and accept it there; or pin it: pulumi config set {PROJECT}:sshHostKey "
            '"ssh-ed25519 AAAA…". Nothing was changed.'
        )
    if "Permission denied" in ran.stderr:
        found = f"{PROJECT}:sshKeyFile: the key {login.key} is" if login.key else "docker:host: ssh's keys are"
        raise Problem(
            f"{found} not accepted at {address}. Add the public key to ~/.ssh/authorized_keys of that user there, "
            "name another key, or correct the user. Nothing was changed."
        )
    last = ran.stderr.strip().rpartition("\n")[2]
    if last.startswith("ssh: connect to host"):
        raise _silent("sshd", address, last.rpartition(": ")[2].strip())
    raise Problem(f"docker:host: ssh to {address} fails: {last}. Nothing was changed.")


def require_key(file: Path) -> None:
    """Refuse a private key that cannot be used.

    Raises:
        Problem: it is missing, or others than its owner can read it; ssh refuses such a key too.
    """
    key = f"{PROJECT}:sshKeyFile"
    try:
        mode = stat.S_IMODE(file.expanduser().stat().st_mode)
    except OSError as error:
        raise Problem(f"{key}: {file} cannot be read: {error.strerror}.") from None
    if mode & 0o077:
        raise Problem(f"{key}: {file} has mode {mode:04o}: others can read it, and ssh refuses that. chmod 600 {file}")
