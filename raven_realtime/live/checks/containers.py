"""Docker's containers: which one is to serve /socket.io by its labels, and whether Traefik can reach it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from raven_realtime.findings import Finding, explain
from raven_realtime.live.inside import NO_ROUTER, NO_SERVER, Inside, look
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import SOCKET_PATH, Target
from raven_realtime.proxies.traefik.claims import Reach, claimants
from raven_realtime.proxies.traefik.containers import Container, contribution, doubtful_network
from raven_realtime.proxies.traefik.table import Table, assemble

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
    found = [*_dropped(table), *_down(containers, target, inside.outside)]
    traefik = _traefik(containers, inside)
    for container in serving:
        found += _networks(container, traefik)
    names = ", ".join(one.name for one in serving)
    said = (
        f"{names} has a router for {SOCKET_PATH}" if serving else f"no running container's labels claim {SOCKET_PATH}"
    )
    total = f"{len(containers)} container{'' if len(containers) == 1 else 's'}"
    seen = [*(["traefik"] if traefik else []), *(["frappe_docker"] if _frappe_docker(containers) else [])]
    return Result.of(CHECK.name, f"{total}; {said} of {target.host}", *found, stacks=seen)


def _frappe_docker(containers: Iterable[Container]) -> bool:
    """Whether the services of frappe_docker's compose file run here, by the labels that compose gives them."""
    services: dict[str, set[str]] = {}
    for one in containers:
        services.setdefault(one.label(f"{_COMPOSE}.project"), set()).add(one.label(f"{_COMPOSE}.service"))
    return any(names >= _FRAPPE_DOCKER for project, names in services.items() if project)


def _down(containers: Sequence[Container], target: Target, outside: Sequence[str]) -> Iterator[Finding]:
    """Yield the containers that are to serve Socket.IO and do not run, where that explains what the outside saw."""
    seen = tuple(code for code in outside if code in {*NO_ROUTER, *NO_SERVER})
    if not seen:
        return
    expected = _expected(containers, target)
    up = {_by_name(one) for one in containers if _state(one) is None}
    for container in containers:
        if (state := _state(container)) is None:
            continue
        if container.name in expected:
            hop, wanted = "proxy", f", which is to serve {SOCKET_PATH} of {target.host},"
        elif seen[0] in NO_SERVER and (kind := _by_name(container)) and kind not in up:
            hop, wanted = kind, ""
        else:
            continue
        evidence = f"container {container.name}{wanted} {state[0]}"
        code = "RT002" if seen[0] in NO_SERVER else "RT001"
        yield explain(code).found(evidence, container.location, state[1], hop=hop, causes=seen)


def _expected(containers: Sequence[Container], target: Target) -> frozenset[str]:
    """Return the containers that would have the route by their labels if all were up; none where one of them is."""
    up = [replace(one, status="running", health="") for one in containers]
    claims = claimants(assemble([contribution(up)]), target.host, SOCKET_PATH)
    owners = next((claim.router.owners for claim in claims if claim.reach is not Reach.SHADOWED), ())
    served = any(one.name in owners and _state(one) is None for one in containers)
    return frozenset() if served else frozenset(owners)


def _by_name(container: Container) -> str:
    """Return the part of the path that a container is by its name alone, without labels for Traefik; or nothing.

    The sidecar is called frappe-socketio; frappe_docker calls its realtime process websocket, others call it socketio.
    """
    if container.name.startswith("frappe-socketio"):
        return "proxy"
    names = (container.name, container.label(f"{_COMPOSE}.service"))
    return "realtime" if any(part in name for part in ("socketio", "websocket") for name in names) else ""


def _state(container: Container) -> tuple[str, str] | None:
    """Return how a container is not up, and what to do about it; None for one that Traefik routes to."""
    name = container.name
    logs = f"Its log says why: `docker logs --tail 50 {name}`."
    if container.status == "paused":
        return "is paused", f"Let it go on: `docker unpause {name}`."
    if container.status == "restarting":
        return "ends again and again as soon as it is started", f"{logs} Mend that; Docker goes on starting it."
    if container.status not in {"", "running"}:
        return f"is {container.status}", f"Start it: `docker start {name}`. {logs}"
    if container.health == "unhealthy":
        probe = f"`docker inspect -f '{{{{json .State.Health}}}}' {name}`"
        return "is unhealthy, so Traefik does not route to it", f"What its health check saw: {probe}. {logs}"
    if container.health == "starting":
        return (
            "has not passed its health check yet, so Traefik does not route to it",
            f"Wait and ask again; if it stays so: `docker inspect -f '{{{{json .State.Health}}}}' {name}`. {logs}",
        )
    return None


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
        yield explain("RT004").found(where + named, container.location, stack="traefik", causes=("RT004",))
    elif not mine <= its and (doubt := doubtful_network(container)):
        yield explain("RT004").found(f"{where}; {doubt}", container.location, stack="traefik", causes=("RT004",))


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "no network"
