"""Versions of the proxies on a browser's way, by their images or the project's file, judged by the one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from urllib.parse import urlsplit

from raven_realtime.declared.journey import Leg, Way, called, judged
from raven_realtime.declared.realtime_routers import middlewares_of
from raven_realtime.declared.rule import Parameters
from raven_realtime.declared.world import Container, World
from raven_realtime.findings.entry import Entry, Finding, Level
from raven_realtime.proxies.interface import Proxy
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.proxy import Nginx
from raven_realtime.proxies.traefik.proxy import Traefik
from raven_realtime.versions import Fault, Trait, exact, faults

DOCKER = "docker"
ENDPOINT = "TRAEFIK_PROVIDERS_DOCKER_ENDPOINT"
"""The variable that tells Traefik which Docker to ask."""


def by_table(entry: Entry) -> Callable[[World, Parameters], Iterator[Finding]]:
    """Return the judge of those rows of the table that have the code of a finding."""

    def judge(world: World, _: Parameters) -> Iterator[Finding]:
        for way, fault, which, place in _wrong(world):
            if fault.code == entry.code:
                level = way.worst if entry.level is Level.ERROR else entry.level
                text = f"{way.shown}: {which}: {fault.wrong} ({fault.source})"
                yield entry.found(text, place, fault.remedy, level=level, host=way.host)

    return judge


@lru_cache(maxsize=8)
def _wrong(world: World) -> tuple[tuple[Way, Fault, str, Location], ...]:
    """Return what the table says of the proxies that a browser's WebSocket comes through."""
    docker = _docker(world)
    traefiks = [each for each in world.containers if each.release[0] == "traefik"]
    found = []
    for way in judged(world):
        for leg in way.websocket.legs:
            program = leg.node.proxy.kind
            for version, place in _versions(world, leg, traefiks):
                versions = {program: version, DOCKER: docker if program == "traefik" else ""}
                found += [
                    (way, fault, which, place)
                    for fault, which in faults(versions, having=tuple(Trait))
                    if fault.takes is None or _has(fault.takes, world, leg)
                ]
    return tuple(found)


def _versions(world: World, leg: Leg, traefiks: list[Container]) -> Iterator[tuple[str, Location]]:
    """Yield the one version that is said of a proxy, and where: of every Traefik, for each may read the router."""
    program = leg.node.proxy.kind
    if program == "traefik" and traefiks:
        yield from ((each.release[1], each.image_at or each.location) for each in traefiks)
    elif container := leg.node.container:
        named, version = container.release
        yield (version if named == program else ""), container.image_at or container.location
    else:
        yield _given(world, program), leg.node.proxy.location


def _given(world: World, program: str) -> str:
    return next((exact(each.value) for each in world.versions if each.name == program), "")


def _docker(world: World) -> str:
    """Return the version of the Docker that Traefik asks: of a container that its provider names, or as it is given."""
    endpoints = [static.docker.endpoint for static in world.statics if static.docker]
    endpoints += [each.value for one in world.containers for each in one.environment if each.name == ENDPOINT]
    for host in (urlsplit(each).hostname for each in endpoints):
        for container in called(world, host) if host else ():
            if container.release[0] == DOCKER:
                return container.release[1]
    return _given(world, DOCKER)


def _has(trait: Trait, world: World, leg: Leg) -> bool:
    """Tell whether a request meets, at a proxy, what a row takes besides the version."""
    proxy, container = leg.node.proxy, leg.node.container
    match trait:
        case Trait.RETRY:
            return isinstance(proxy, Traefik) and _retries(proxy, world, leg)
        case Trait.HTTP2:
            return leg.request.tls
        case Trait.DEFAULTS:
            return isinstance(proxy, Nginx) and proxy.answer(leg.request).keeps_by_default
        case Trait.RESOLVE:
            return any("resolve" in each.args for each in _of_upstreams(proxy, "server"))
        case Trait.STICKY:
            return any(_of_upstreams(proxy, "sticky"))
        case Trait.LOG_OPTION:
            return container is not None and "-e" in container.command.split()


def _of_upstreams(proxy: Proxy, name: str) -> Iterator[Directive]:
    """Yield the directives of a name in nginx's upstreams; it does not start with one that it does not know."""
    blocks = proxy.configuration.definitions.upstreams.values() if isinstance(proxy, Nginx) else ()
    return (each for block in blocks for each in block.children(name))


def _retries(proxy: Traefik, world: World, leg: Leg) -> bool:
    router = proxy.decision(leg.request).router
    through = middlewares_of(world, router) if router else []
    return any(each and each.kind.lower() == "retry" for each in through)
