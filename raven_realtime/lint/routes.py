"""The routers that are meant for Socket.IO, and who gets what they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from raven_realtime.lint.world import Container, World
from raven_realtime.settings import SOCKETIO_PORT
from raven_realtime.traefik.claims import Claim, claimants
from raven_realtime.traefik.matchers import Path, PathPrefix, PathRegexp, required_hosts
from raven_realtime.traefik.table import Router, Service
from raven_realtime.traefik.tree import leaves

PATH = "/socket.io/"
"""What clients ask for; the library puts the slash at the end itself."""
ANY_HOST = "any.example"
"""Stands for all hosts where a router names none."""


@dataclass(frozen=True)
class Route:
    """A router that is meant for Socket.IO, on one host and entrypoint."""

    router: Router
    host: str
    entrypoint: str
    tls: bool
    claims: tuple[Claim, ...]
    """Who can get a request for Socket.IO there, the highest priority first."""


def names_socketio(router: Router) -> bool:
    """Tell whether a rule names Socket.IO's path, rightly or not."""
    spelled = (
        leaf.path if isinstance(leaf, Path) else leaf.prefix if isinstance(leaf, PathPrefix) else router.rule.encode()
        for leaf in leaves(router.parsed().tree)
        if isinstance(leaf, Path | PathPrefix | PathRegexp)
    )
    return any(b"socket.io" in text.lower() or b"socket\\.io" in text.lower() for text in spelled)


@lru_cache(maxsize=8)
def realtime_routers(world: World) -> tuple[Router, ...]:
    """List the enabled routers that are meant for Socket.IO: by their rule, or by what they lead to."""
    table = world.table
    return tuple(
        router
        for name, router in table.routers.items()
        if name not in table.disabled and (names_socketio(router) or leads_to_socketio(world, router))
    )


def leads_to_socketio(world: World, router: Router) -> bool:
    """Tell whether a router's service is Socket.IO itself."""
    service = world.table.services.get(router.service)
    if service is None:
        return False
    if any(server.port == str(SOCKETIO_PORT) or server.url.endswith(f":{SOCKETIO_PORT}") for server in service.servers):
        return True
    return any(container.is_socketio for container in containers_of(world, service))


def containers_of(world: World, service: Service) -> tuple[Container, ...]:
    """Return the containers behind a service."""
    return tuple(each for owner in service.owners for each in world.by_name.get(owner, ()))


def service_of(world: World, router: Router) -> Service | None:
    """Return a router's service, if it is declared."""
    return world.table.services.get(router.service)


def encrypted(world: World, router: Router, entrypoint: str) -> bool:
    """Tell whether a router takes encrypted connections on an entrypoint."""
    known = world.table.entrypoints.get(entrypoint)
    return bool(router.tls or (known and known.tls))


@lru_cache(maxsize=8)
def routes(world: World) -> tuple[Route, ...]:
    """Follow every router that is meant for Socket.IO to its hosts and entrypoints."""
    return tuple(_routes(world))


def _routes(world: World) -> Iterator[Route]:
    table = world.table
    for router in realtime_routers(world):
        hosts = required_hosts(router.parsed().tree) or {ANY_HOST}
        for entrypoint in table.entrypoints_of(router) or ("",):
            tls = encrypted(world, router, entrypoint)
            for host in sorted(hosts):
                claims = claimants(table, host, PATH, entrypoint=entrypoint, tls=tls)
                yield Route(router, host, entrypoint, tls, tuple(claims))


def redirects(world: World, router: Router) -> bool:
    """Tell whether a router only sends clients elsewhere, as the one on port 80 does."""
    chain = (world.table.middlewares.get(name) for name in router.middlewares)
    return any(each and each.kind.lower() in {"redirectscheme", "redirectregex"} for each in chain)
