"""The containers of one stack on a Docker host, and what is done to them without a request being lost."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx.fingerprint import STATUS_HOST
from raven_realtime.proxies.record import record
from raven_realtime.sidecar import labels
from raven_realtime.sidecar.host import Failed, Host

LEAVING = "/tmp/leaving"  # noqa: S108 (a tmpfs of the container's own)
"""A file in a sidecar's container that makes it say it is unhealthy: Traefik then sends it nothing new."""
GRACE_SECONDS = 10
"""How long a container that is replaced may finish its requests; its WebSockets reconnect to the new one."""
TRAEFIK_LISTS_SECONDS = 4.0
"""Traefik's providersThrottleDuration is 2 s by default: then it lists a container that became healthy."""
HEALTHY_SECONDS = 20.0
"""How long a container that runs may take to say that it is healthy: its check has an interval of 1 s and 4 tries."""
_PARENT = os.getppid()


@record
class Standing:
    """A container as it stands."""

    id: str
    name: str
    labels: dict[str, str]
    running: bool
    health: str
    created: str
    finished: str
    inspected: dict[str, Any]
    """All that `docker inspect` says of it."""

    @property
    def routing(self) -> str:
        """The hash of its routing labels."""
        return self.labels.get(labels.ROUTING, "")

    @property
    def generation(self) -> str:
        """Its generation."""
        return self.labels.get(labels.GENERATION, "")

    @property
    def bridges(self) -> bool:
        """Whether it only carries the old route while two generations change places."""
        return labels.BRIDGE in self.labels

    @property
    def host(self) -> str:
        """The first host that its router names; empty if none does."""
        rules = [value for key, value in sorted(self.labels.items()) if key.endswith(".rule")]
        return rules[0].partition("Host(`")[2].partition("`")[0] if rules else ""


def find(host: Host, *filters: str) -> list[Standing]:
    """Return the containers that fit filters of `docker ps`, running or not, oldest first."""
    words = [word for one in filters for word in ("--filter", one)]
    found = host.lines("ps", "--all", "--quiet", "--no-trunc", *words)
    return sorted(inspect(host, found), key=lambda one: one.created)


def inspect(host: Host, ids: Sequence[str]) -> list[Standing]:
    """Return how containers stand; one that has gone meanwhile is left out."""
    standing = []
    for one in ids:
        with suppress(Failed):
            standing += [_standing(item) for item in json.loads(host.docker("inspect", "--type", "container", one))]
    return standing


def of_stack(host: Host, stack: str, *filters: str) -> list[Standing]:
    """Return the containers of a stack, oldest first."""
    return find(host, f"label={labels.STACK}={stack}", *filters)


def _standing(item: dict[str, Any]) -> Standing:
    state = item.get("State") or {}
    return Standing(
        str(item["Id"]),
        str(item.get("Name", "")).lstrip("/"),
        dict((item.get("Config") or {}).get("Labels") or {}),
        bool(state.get("Running")),
        str((state.get("Health") or {}).get("Status", "")),
        str(item.get("Created", "")),
        str(state.get("FinishedAt", "")),
        item,
    )


def until(seconds: float, holds: Callable[[], bool], *, every: float = 0.2) -> bool:
    """Wait until something holds; tell whether it did in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def names(standing: Sequence[Standing]) -> str:
    """Return the names of containers, as a message lists them."""
    return " ".join(one.name for one in standing)


def require_parent() -> None:
    """End where whoever started this step has gone: Pulumi kills the shell of a command alone.

    Called before each thing that stops or removes: what was done so far leaves something that serves.

    Raises:
        Problem: it has gone.
    """
    if os.getppid() != _PARENT:
        raise Problem("The update was cancelled; what serves goes on serving. Run pulumi up again.")


def ready(host: Host, container: str) -> bool:
    """Tell whether nginx answers inside."""
    try:
        return bool(host.ask_inside(container, "/", STATUS_HOST))
    except Failed:
        return False


def await_healthy(host: Host, container: str, seconds: float = HEALTHY_SECONDS) -> bool:
    """Wait until a container says that it is healthy; tell whether it did in time."""
    return until(seconds, lambda: [one.health for one in inspect(host, [container])] == ["healthy"])


def last_health(host: Host, container: str) -> str:
    """Return what the last health check of a container printed."""
    states = [one.inspected["State"].get("Health") or {} for one in inspect(host, [container])]
    log = [entry for state in states for entry in state.get("Log") or ()]
    return str(log[-1].get("Output", "")).strip()[-300:] if log else ""


def leave(host: Host, standing: Sequence[Standing]) -> None:
    """Have containers say that they are unhealthy, and wait until they do.

    Traefik drops such a container while it still serves, so no request meets a closed listener.
    """
    for one in standing:
        with suppress(Failed):  # it has gone by itself
            host.docker("exec", one.id, "sh", "-c", f": > {LEAVING}")
    for one in standing:
        until(HEALTHY_SECONDS, lambda one=one: [now.health for now in inspect(host, [one.id])] != ["healthy"])  # type: ignore[misc]


def stay(host: Host, standing: Sequence[Standing]) -> None:
    """Take back `leave`, and wait until the containers are healthy."""
    for one in standing:
        host.docker("exec", one.id, "rm", "-f", LEAVING)
    for one in standing:
        await_healthy(host, one.id)


def stop(host: Host, standing: Sequence[Standing], grace: int = GRACE_SECONDS) -> None:
    """Stop containers as nginx likes it: no new connections, those that are open may finish. Pulumi removes them."""
    if standing:
        host.docker("stop", "-t", str(grace), *(one.id for one in standing))


def remove(host: Host, standing: Sequence[Standing]) -> None:
    """Remove containers."""
    for one in standing:
        host.docker("rm", "--force", one.id)


def remove_bridges(host: Host, stack: str) -> None:
    """Remove what carried the old route: Traefik drops it first, then its last clients reconnect to what serves."""
    bridges = [one for one in of_stack(host, stack) if one.bridges]
    running = [one for one in bridges if one.running]
    if running:
        leave(host, running)
        time.sleep(TRAEFIK_LISTS_SECONDS)
        stop(host, running)
    remove(host, bridges)


def step_back(host: Host, stack: str, keep: Standing) -> str:
    """Leave the stage to the container before: one that runs still, else the last that was stopped.

    Returns:
        A line that says so; nothing if there is none.
    """
    others = [one for one in of_stack(host, stack) if one.id != keep.id and not one.bridges]
    former = [one for one in others if one.running]
    if not former:
        stopped = [one for one in others if one.created < keep.created]
        former = sorted(stopped, key=lambda one: one.finished)[-1:]
    if not former:
        return ""
    host.docker("stop", "-t", "1", keep.id)
    for one in former:
        host.docker("start", one.id)
    stay(host, former)
    if any(one.bridges for one in of_stack(host, stack)):
        time.sleep(TRAEFIK_LISTS_SECONDS)
        remove_bridges(host, stack)
    return f"  note: the new container was stopped, and {names(former)} serves as before"
