"""The Docker host of the stack, and commands that run on it: here, or over ssh where `docker:host` says ssh://."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pulumi
from pulumi_command import local, remote

from components.commands import in_project, local_command
from raven_realtime import ssh
from raven_realtime.problem import Problem
from raven_realtime.settings import PROJECT
from raven_realtime.sidecar.scripts import FOLDER, command, digest

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
PORTS = {"tcp": 2375, "http": 2375, "https": 2376, "ssh": ssh.PORT}
"""Docker's and ssh's ports where an address has none."""
DEFAULT_USER = "root"
"""Who logs in where an ssh address names nobody."""
ANSWER_SECONDS = 10.0
SSH_FAILED = 255
"""The exit code of ssh when it did not get as far as the command (ssh manual)."""


@dataclass(frozen=True)
class DockerHost:
    """Where the Docker daemon is, and how a command gets there."""

    address: str
    """The value of `docker:host`; empty for the local default."""
    connection: remote.ConnectionArgs | None = None
    """How to reach the server, if it is not this machine."""

    @property
    def environment(self) -> dict[str, str] | None:
        """What a command of this machine needs to reach the daemon; nothing behind ssh://, see `options`."""
        return {"DOCKER_HOST": self.address} if self.address and self.connection is None else None

    def options(self, *, ssh_key_file: str | None, ssh_host_key: str | None) -> list[str]:
        """Return how `raven-realtime ownership` reaches a daemon behind ssh://: as the docker provider does."""
        reached = self.ssh_options(ssh_key_file=ssh_key_file, ssh_host_key=ssh_host_key)
        return ["--docker-host", self.address, *reached] if self.connection else []

    def ssh_options(self, *, ssh_key_file: str | None, ssh_host_key: str | None) -> list[str]:
        """Return the options of `raven-realtime` for a server behind ssh://, without its address; none for others."""
        if self.connection is None:
            return []
        further = pulumi.Config("docker").get_object("sshOpts") or []
        return [
            *(["--ssh-key", ssh_key_file] if ssh_key_file else []),
            *(["--ssh-host-key", ssh_host_key] if ssh_host_key else []),
            *(f"--ssh-option={option}" for option in further),
        ]

    @classmethod
    def of_stack(cls, *, ssh_key_file: str | None, ssh_host_key: str | None) -> DockerHost:
        """Read `docker:host` of this stack (or DOCKER_HOST) and what ssh needs.

        Args:
            ssh_key_file: path of the private key; the ssh agent's keys if left out.
            ssh_host_key: the server's public key, to be sure of it; not compared if left out.

        Raises:
            Problem: an ssh address without a host, a key that is missing or that others can read; and, in an update,
                nobody answers at the address, or sshd does not let us in.
        """
        docker = pulumi.Config("docker")
        address = docker.get("host") or os.environ.get("DOCKER_HOST", "")
        asked = not pulumi.runtime.is_dry_run() and not docker.get_bool("disableDockerDaemonCheck")
        if asked:
            require_answer(address or DEFAULT_ADDRESS)
        if not address.startswith("ssh://"):
            return cls(address)
        parts = urlsplit(address)
        if not parts.hostname:
            raise Problem(f"docker:host: found {address!r}; accepted: ssh://user@server or ssh://user@server:port.")
        connection = remote.ConnectionArgs(
            host=parts.hostname,
            port=float(parts.port or ssh.PORT),
            user=parts.username or DEFAULT_USER,
            private_key=pulumi.Output.secret(read_key(Path(ssh_key_file))) if ssh_key_file else None,
            agent_socket_path=None if ssh_key_file else os.environ.get("SSH_AUTH_SOCK"),
            host_key=ssh_host_key,
            dial_error_limit=3,
        )
        if asked:
            require_login(address, key_file=ssh_key_file, host_key=ssh_host_key)
        return cls(address, connection)

    def script(self, name: str, variables: Mapping[str, str]) -> str:
        """Return the line that runs one of raven_realtime/sidecar's scripts on the Docker host."""
        return command(name, variables, in_project(FOLDER) if self.connection is None else remote_folder())

    def bring_scripts(self, name: str, parent: pulumi.Resource) -> list[pulumi.Resource]:
        """Declare the scripts' folder on the server; nothing to do where the host is this machine."""
        if self.connection is None:
            return []
        folder = remote_folder()
        made = remote.Command(
            f"{name}-scripts-folder",
            connection=self.connection,
            create=f"mkdir -p {folder}",
            delete=f"rm -rf {folder}",
            triggers=[folder],  # a replacement, so that the folder of the scripts before goes
            opts=pulumi.ResourceOptions(parent=parent),
        )
        copies = [
            remote.CopyToRemote(
                f"{name}-scripts-{file.stem}",
                connection=self.connection,
                source=pulumi.FileAsset(in_project(file)),
                remote_path=f"{folder}/{file.name}",
                triggers=[digest()],
                opts=pulumi.ResourceOptions(parent=parent, depends_on=[made]),
            )
            for file in sorted(FOLDER.glob("*.sh"))
        ]
        return [made, *copies]

    def line(
        self,
        name: str,
        line: pulumi.Input[str],
        *,
        parent: pulumi.Resource,
        after: Sequence[pulumi.Resource] = (),
        delete: str | None = None,
        stdin: str | None = None,
        triggers: Sequence[Any] | None = None,
    ) -> local.Command | remote.Command:
        """Declare a shell command line on the Docker host.

        Args:
            name: the resource's name.
            line: the line, such as `script` gives.
            parent: the component that it belongs to.
            after: what has to be there first.
            delete: the line for `pulumi destroy`.
            stdin: what the line reads from standard input; a change of it updates in place.
            triggers: values whose change reruns the line.
        """
        if self.connection is None:
            return local_command(
                name,
                line,
                parent=parent,
                after=after,
                delete=delete,
                stdin=stdin,
                environment=self.environment,
                triggers=triggers,
            )
        return remote.Command(
            name,
            connection=self.connection,
            create=line,
            update=line,
            delete=delete,
            stdin=stdin,
            triggers=list(triggers) if triggers is not None else None,
            opts=pulumi.ResourceOptions(parent=parent, depends_on=list(after)),
        )


def require_answer(address: str) -> None:
    """Try the Docker host's address before anything depends on it. A preview may be made without a daemon.

    Args:
        address: as `docker:host` has it: unix:///path, tcp://host:port, ssh://user@host:port.

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
        who = "sshd" if parts.scheme == "ssh" else "the Docker daemon"
        raise Problem(
            f"docker:host: {who} does not answer at {address}: {error.strerror or error}. Start it, let this machine "
            "reach it, or correct docker:host (unix:///var/run/docker.sock, tcp://server:2376, ssh://user@server). "
            "Nothing was changed."
        ) from None


def require_login(address: str, *, key_file: str | None, host_key: str | None) -> None:
    """Log in once as the commands on the server will, with nothing of the user's own ssh configuration.

    Args:
        address: ssh://user@host:port.
        key_file: path of the private key; the ssh agent's keys if None.
        host_key: the server's public key; not compared if None.

    Raises:
        Problem: there is no ssh, the server shows another host key, or it does not let the key in.
    """
    parts = urlsplit(address)
    own = {"ConnectTimeout": f"{ANSWER_SECONDS:.0f}", "GlobalKnownHostsFile": "none"}
    if not host_key:
        own |= {"StrictHostKeyChecking": "no", "UserKnownHostsFile": "/dev/null"}
    if not parts.username:
        own |= {"User": DEFAULT_USER}
    further = ["-F", "none", *(word for name, value in own.items() for word in ("-o", f"{name}={value}"))]
    with ssh.options_for(address, Path(key_file) if key_file else None, host_key or "", further) as options:
        line = [*ssh.words(address, options), "true"]
        try:
            ran = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise Problem(f"docker:host: {address} needs the program ssh on this machine. Install it.") from None
    if ran.returncode != SSH_FAILED:
        return
    if "Host key verification failed" in ran.stderr:
        raise Problem(
            f"{PROJECT}:sshHostKey: the server at {address} shows another host key than this one. If it was set up "
            f"anew, take its key from `ssh-keyscan {parts.hostname}` and compare it with the server's own "
            "/etc/ssh/ssh_host_*_key.pub; if it was not, somebody may stand in for it. Nothing was changed."
        )
    if "Permission denied" in ran.stderr:
        found = f"{PROJECT}:sshKeyFile: the key {key_file} is" if key_file else "docker:host: the ssh agent's keys are"
        raise Problem(
            f"{found} not accepted at {address}. Add the public key to ~/.ssh/authorized_keys of that user there, "
            "name another key, or correct the user. Nothing was changed."
        )
    last = ran.stderr.strip().rpartition("\n")[2]
    raise Problem(f"docker:host: ssh to {address} fails: {last}. Nothing was changed.")


def read_key(file: Path) -> str:
    """Return a private key's text.

    Raises:
        Problem: it is missing, or others than its owner can read it; ssh refuses such a key too.
    """
    path = file.expanduser()
    key = f"{PROJECT}:sshKeyFile"
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text()
    except OSError as error:
        raise Problem(f"{key}: {file} cannot be read: {error.strerror}.") from None
    if mode & 0o077:
        raise Problem(f"{key}: {file} has mode {mode:04o}: others can read it, and ssh refuses that. chmod 600 {file}")
    return text


def remote_folder() -> str:
    """Return where the scripts lie on a server: below the home folder, one folder for each version of them."""
    return f".raven-realtime-{digest()}"
