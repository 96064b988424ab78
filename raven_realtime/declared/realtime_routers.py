"""The routers that are meant for Socket.IO, and who gets what they ask for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from raven_realtime.declared.world import Container, World
from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.claims import Claim, allows_host, claimants, example_hosts
from raven_realtime.proxies.traefik.matchers import Path, PathPrefix, PathRegexp, required_hosts
from raven_realtime.proxies.traefik.table import Middleware, Router, Service, qualify
from raven_realtime.proxies.traefik.tree import leaves

PATH = "/socket.io/"
"""What clients ask for; the library puts the slash at the end itself."""
ANY_HOST = "any.example"
"""Stands for all hosts where a router names none."""


@record
class Route:
    """A router that is meant for Socket.IO, on one host and entrypoint."""

    router: Router
    host: str
    entrypoint: str
    tls: bool
    claims: tuple[Claim, ...]
    """Who can get a request for Socket.IO there, the highest priority first."""


def names_socketio(router: Router) -> bool:
    """Tell whether a rule asks for Socket.IO's path, rightly or not; `/board/socket.io` is another application's."""
    for leaf in leaves(router.parsed().tree, negated=False):
        if isinstance(leaf, Path | PathPrefix):
            spelled = leaf.path if isinstance(leaf, Path) else leaf.prefix
            if spelled.lower().lstrip(b"/").startswith(b"socket.io"):
                return True
        elif isinstance(leaf, PathRegexp) and "socket.io" in leaf.pattern.pattern.replace("\\", "").lower():
            return True
    return False


@lru_cache(maxsize=8)
def realtime_routers(world: World) -> tuple[Router, ...]:
    """List the enabled routers that are meant for Frappe's Socket.IO: by their rule, or by what they lead to."""
    others = _of_others(world)
    return tuple(
        router
        for router in _enabled(world)
        if router.name not in others and (names_socketio(router) or leads_to_socketio(world, router))
    )


@lru_cache(maxsize=8)
def frontends(world: World) -> tuple[Router, ...]:
    """List the enabled routers that lead to an nginx which has Socket.IO behind it and Frappe's web too."""
    return tuple(
        router
        for router in _enabled(world)
        if not names_socketio(router)
        and (service := service_of(world, router))
        and any(_passes_on(world, container) for container in containers_of(world, service))
    )


def _passes_on(world: World, container: Container) -> bool:
    """Tell whether a container is frappe_docker's frontend, or runs an nginx that names Socket.IO."""
    return container.is_frontend or any(nginx.names_socketio for nginx in world.nginx_in(container.name))


def _enabled(world: World) -> Iterator[Router]:
    return (router for name, router in world.table.routers.items() if name not in world.table.disabled)


def _of_others(world: World) -> frozenset[str]:
    """Name the routers that give the path to another application, such as a dashboard that uses Socket.IO itself.

    That is known where Frappe is declared too, and what they lead to is neither Frappe's nor a proxy.
    """
    if not any(container.is_frappe for container in world.containers):
        return frozenset()
    return frozenset(
        router.name
        for router in _enabled(world)
        if names_socketio(router)
        and (service := service_of(world, router))
        and (owners := containers_of(world, service))
        and not any(each.may_be_proxy or each.is_frappe or world.nginx_in(each.name) for each in owners)
        and not leads_to_socketio(world, router)
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
    return tuple(_routes(world, realtime_routers(world)))


@lru_cache(maxsize=8)
def contested(world: World) -> tuple[Route, ...]:
    """Follow every router that Socket.IO's requests should come to, those for all of Frappe included."""
    return (*routes(world), *_routes(world, frontends(world)))


def _routes(world: World, routers: Iterable[Router]) -> Iterator[Route]:
    table = world.table
    for router in routers:
        for entrypoint in table.entrypoints_of(router) or ("",):
            tls = encrypted(world, router, entrypoint)
            for host in hosts_of(router):
                claims = claimants(table, host, PATH, entrypoint=entrypoint, tls=tls)
                yield Route(router, host, entrypoint, tls, tuple(claims))


def hosts_of(router: Router) -> list[str]:
    """Return the hosts that a router names, or one that its rule allows; none where no such host was found."""
    named = required_hosts(router.parsed().tree)
    if named is not None:
        return sorted(named) or [ANY_HOST]
    return [host for host in (ANY_HOST, *example_hosts(router)) if allows_host(router, host)][:1]


def middlewares_of(world: World, router: Router) -> list[Middleware | None]:
    """Return what a router's requests go through, in order, chains followed; None for what is declared elsewhere."""
    found: list[Middleware | None] = []
    waiting, seen = list(router.middlewares), set[str]()
    while waiting:
        name = waiting.pop(0)
        middleware = world.table.middlewares.get(name)
        if middleware is None or middleware.kind.lower() != "chain":
            found.append(middleware)
            continue
        linked = middleware.options.get("middlewares")
        if name not in seen and isinstance(linked, list | tuple):
            waiting = [*(qualify(str(each), name.rpartition("@")[2]) for each in linked), *waiting]
        seen.add(name)
    return found


def redirects(world: World, router: Router) -> bool:
    """Tell whether a router only sends clients elsewhere, as the one on port 80 does, or an entrypoint's own."""
    if router.provider == "internal":
        return True
    through = middlewares_of(world, router)
    return any(each and each.kind.lower() in {"redirectscheme", "redirectregex"} for each in through)
