"""What runs on a Docker host, asked of the `docker` program."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from raven_realtime import ssh
from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.containers import Container
from raven_realtime.proxies.traefik.elements import labels_of

_SHARE = 200
"""How many containers are asked about at once."""


@record
class DockerHost:
    """Where a Docker daemon is, and how its `docker` program is run."""

    address: str = ""
    """As `docker -H` takes it; by default what the environment says. Behind `ssh://` the server's own is run."""
    ssh_options: tuple[str, ...] = ()
    """Options of `ssh`, such as `-i KEY`."""

    def command(self, arguments: Sequence[str]) -> list[str]:
        """Return the command line that runs docker there."""
        if not self.address.startswith("ssh://"):
            return ["docker", *(["-H", self.address] if self.address else []), *arguments]
        return [*ssh.words(self.address, self.ssh_options), shlex.join(["docker", *arguments])]


def read_containers(host: str | DockerHost = "", *, timeout: float = 60.0) -> list[Container]:
    """List the containers of a Docker host, running or not.

    Args:
        host: As `docker -H` takes it; by default what the environment says.
        timeout: In seconds, for each call.

    Raises:
        Problem: If there is no `docker` program or it does not reach the host.
    """
    ids = _docker(host, ["ps", "--all", "--quiet", "--no-trunc"], timeout).split()
    return [_container(item) for item in _inspect(host, ["inspect", "--type", "container"], ids, timeout)]


def read_services(host: str | DockerHost = "", *, timeout: float = 60.0) -> list[Container]:
    """List the services of a Swarm; none where the host is not a manager of one.

    Args:
        host: As `docker -H` takes it; by default what the environment says.
        timeout: In seconds, for each call.

    Raises:
        Problem: If there is no `docker` program or it does not reach the host.
    """
    state = _docker(host, ["info", "--format", "{{.Swarm.LocalNodeState}} {{.Swarm.ControlAvailable}}"], timeout)
    if state.split() != ["active", "true"]:
        return []
    listed = _docker(host, ["service", "ls", "--format", "{{.ID}} {{.Replicas}}"], timeout).splitlines()
    running = {words[0]: not words[1].startswith("0/") for line in listed if len(words := line.split()) > 1}
    names = _docker(host, ["network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}"], timeout).splitlines()
    networks = {words[0]: words[1] for line in names if len(words := line.split()) == 2}
    items = _inspect(host, ["service", "inspect"], list(running), timeout)
    return [_service(item, running, networks) for item in items]


def _docker(host: str | DockerHost, arguments: Sequence[str], timeout: float) -> str:
    done = _run(host, arguments, timeout)
    if done.returncode:
        said = _last_line(done.stderr)
        stop = "" if said.endswith((".", "?", "!")) else "."
        raise Problem(f"docker {arguments[0]} failed: {said}{stop} Is the Docker host right and running?")
    return done.stdout


def _run(host: str | DockerHost, arguments: Sequence[str], timeout: float) -> subprocess.CompletedProcess[str]:
    command = (host if isinstance(host, DockerHost) else DockerHost(host)).command(arguments)
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=timeout, check=False)
    except FileNotFoundError:
        wanted = {"docker": "Docker's command line", "ssh": "the OpenSSH client"}[command[0]]
        raise Problem(f"There is no {command[0]} program on the PATH; install {wanted}.") from None
    except subprocess.TimeoutExpired:
        raise Problem(f"docker {arguments[0]} did not answer in {timeout:g} s; is the Docker host reachable?") from None


def _inspect(
    host: str | DockerHost, arguments: Sequence[str], ids: Sequence[str], timeout: float
) -> list[Mapping[str, Any]]:
    """Inspect in shares; one that has gone meanwhile is left out by docker itself."""
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(ids), _SHARE):
        done = _run(host, [*arguments, *ids[start : start + _SHARE]], timeout)
        try:
            found += json.loads(done.stdout)
        except ValueError as error:
            raise Problem(f"docker {arguments[0]} answered no JSON: {_last_line(done.stderr)}.") from error
    return found


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1][:300] if lines else "no message"


def _container(item: Mapping[str, Any]) -> Container:
    name = str(item.get("Name", "")).lstrip("/")
    state = item.get("State") or {}
    settings = item.get("NetworkSettings") or {}
    networks = settings.get("Networks") or {}
    ports = {int(port.partition("/")[0]) for port in settings.get("Ports") or {} if port.partition("/")[0].isdigit()}
    location = Location(f"container {name}")
    return Container(
        name,
        labels_of((item.get("Config") or {}).get("Labels") or {}, location),
        location,
        id=str(item.get("Id", "")),
        status=str(state.get("Status", "")),
        health=str((state.get("Health") or {}).get("Status", "")),
        networks={
            network: str(at.get("IPAddress") or at.get("GlobalIPv6Address") or "") for network, at in networks.items()
        },
        network_mode=str((item.get("HostConfig") or {}).get("NetworkMode", "")),
        ports=tuple(sorted(ports)),
    )


def _service(item: Mapping[str, Any], running: Mapping[str, bool], networks: Mapping[str, str]) -> Container:
    spec = item.get("Spec") or {}
    name, identity = str(spec.get("Name", "")), str(item.get("ID", ""))
    location = Location(f"service {name}")
    addresses = (item.get("Endpoint") or {}).get("VirtualIPs") or ()
    runs = next((state for short, state in running.items() if identity.startswith(short)), True)
    return Container(
        name,
        labels_of(spec.get("Labels") or {}, location),
        location,
        id=identity,
        status="running" if runs else "without a running task",
        networks={
            networks[at["NetworkID"]]: str(at.get("Addr", "")).partition("/")[0]
            for at in addresses
            if at.get("NetworkID") in networks
        },
        ports=(),
    )
