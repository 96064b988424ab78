"""What `routes` follows requests through: files, what runs on a Docker host, or what Traefik's own API shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from raven_realtime.declared.files import ACCEPTED, read
from raven_realtime.declared.journey import nodes
from raven_realtime.declared.world import Container, Placed, World
from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik import containers as providers
from raven_realtime.proxies.traefik.api import read_api
from raven_realtime.proxies.traefik.proxy import Traefik


def gather(
    paths: Sequence[str] = (),
    containers: Iterable[providers.Container] = (),
    services: Iterable[providers.Container] = (),
) -> World:
    """Put together what files say and what runs.

    Args:
        paths: files or folders.
        containers: what runs on a Docker host.
        services: the services of its Swarm.

    Raises:
        Problem: a file cannot be read, or nothing in them takes a request.
    """
    reading = read(paths)
    if reading.problems:
        raise Problem("\n".join(problem.value for problem in reading.problems))
    running = [Container(each, declared=False, service=each.name) for each in containers]
    running += [Container(each, swarm=True, declared=False, service=each.name) for each in services]
    world = World.of([reading.world, World(containers=tuple(running))])
    if not nodes(world) and not world.misread:
        named = ", ".join(paths) or "the Docker host"
        raise Problem(f"{named}: nothing here takes a request: no proxy, no router. Accepted: {ACCEPTED}.")
    return world


def ask(url: str) -> World:
    """Return what a running Traefik says of itself.

    Raises:
        Unreadable: its API does not answer.
    """
    return World(proxies=(Placed(Traefik("traefik", read_api(url), Location(f"Traefik's API at {url}"))),))
