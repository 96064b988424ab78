"""Docker's containers: which one is to serve /socket.io by its labels, and whether Traefik can reach it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from raven_realtime.findings import Finding, explain
from raven_realtime.hops.inside import Inside, look
from raven_realtime.hops.result import Check, Result
from raven_realtime.hops.target import SOCKET_PATH, Target
from raven_realtime.traefik.claims import claimants
from raven_realtime.traefik.containers import Container, contribution, doubtful_network
from raven_realtime.traefik.table import Table, assemble

CHECK = Check(
    name="containers",
    title="Containers and their labels",
    proves="The labels of the running containers give /socket.io/ of this host to one router, and Traefik shares a "
    "network with the container behind it.",
    rank=200,
    through=("edge",),
)
_COMPOSE = "com.docker.compose"
_FRAPPE_DOCKER = frozenset(["backend", "frontend", "websocket"])
"""Services that no deployment of frappe_docker is without (frappe_docker, compose.yaml)."""
_TRAEFIK = re.compile(r"(^|[/_.-])traefik([:@_.-]|$)")


async def check(target: Target, inside: Inside) -> Result:
    """Read the containers of the Docker host and judge their labels and networks."""
    return await look(CHECK.name, lambda: _judge(target, inside))


def _judge(target: Target, inside: Inside) -> Result:
    containers = inside.containers
    table = assemble([contribution(containers)])
    claims = claimants(table, target.host, SOCKET_PATH)
    owners = {name for claim in claims for name in claim.router.owners}
    serving = [one for one in containers if one.name in owners and one.status == "running"]
    found = list(_dropped(table))
    traefik = _traefik(containers, inside)
    for container in serving:
        found += _networks(container, traefik)
    names = ", ".join(one.name for one in serving)
    said = f"{names} has a router for {SOCKET_PATH}" if serving else f"no container's labels claim {SOCKET_PATH}"
    total = f"{len(containers)} container{'' if len(containers) == 1 else 's'}"
    seen = [*(["traefik"] if traefik else []), *(["frappe_docker"] if _frappe_docker(containers) else [])]
    return Result.of(CHECK.name, f"{total}; {said} of {target.host}", *found, stacks=seen)


def _frappe_docker(containers: Iterable[Container]) -> bool:
    """Whether the services of frappe_docker's compose file run here, by the labels that compose gives them."""
    services: dict[str, set[str]] = {}
    for one in containers:
        services.setdefault(one.label(f"{_COMPOSE}.project"), set()).add(one.label(f"{_COMPOSE}.service"))
    return any(names >= _FRAPPE_DOCKER for project, names in services.items() if project)


def _dropped(table: Table) -> Iterable[Finding]:
    """Yield the routers that two containers define differently, as far as they are about Socket.IO."""
    for dropped in table.dropped:
        if "socket" in dropped.name.lower() and "differently" in dropped.why:
            yield explain("RT005").found(f"router {dropped.name}: {dropped.why}", dropped.location, stack="traefik")


def _traefik(containers: Iterable[Container], inside: Inside) -> Container | None:
    """Return Traefik's own container: by its image's name."""
    listed = inside.in_docker("ps", "--format", "{{.Names}} {{.Image}}").splitlines()
    names = {line.split()[0] for line in listed if len(line.split()) > 1 and _TRAEFIK.search(line.split()[1])}
    return next((one for one in containers if one.name in names), None)


def _networks(container: Container, traefik: Container | None) -> Iterable[Finding]:
    # Traefik outside of Docker, or on the host's network, has a way to every bridge.
    if traefik is None or traefik.network_mode == "host" or container.network_mode == "host":
        return
    mine, its = set(container.networks or {}), set(traefik.networks or {})
    asked = container.label("traefik.docker.network")
    where = f"container {container.name} is on {_list(mine)}, Traefik on {_list(its)}"
    if not mine & its or (asked in mine and asked not in its):
        named = f", and traefik.docker.network is {asked}" if asked else ""
        yield explain("RT004").found(where + named, container.location, stack="traefik")
    elif not mine <= its and (doubt := doubtful_network(container)):
        yield explain("RT004").found(f"{where}; {doubt}", container.location, stack="traefik")


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no network"
