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
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.proxy import Nginx
from raven_realtime.proxies.traefik.proxy import Traefik
from raven_realtime.versions import Fault, exact, faults

DOCKER = "docker"


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
    alone = _alone(world)
    found = []
    for way in judged(world):
        for leg in way.websocket.legs:
            program = leg.node.proxy.kind
            version, place = _version(world, leg, alone)
            versions = {program: version, DOCKER: docker if program == "traefik" else ""}
            found += [
                (way, fault, which, place)
                for fault, which in faults(versions, retry=True)
                if _applies(fault, world, leg)
            ]
    return tuple(found)


def _version(world: World, leg: Leg, alone: Container | None) -> tuple[str, Location]:
    """Return the one version that is said of a proxy, and where; empty where none is, or one that moves on."""
    program = leg.node.proxy.kind
    container = leg.node.container or (alone if program == "traefik" else None)
    if container:
        named, version = container.release
        return (version if named == program else ""), container.image_at or container.location
    return _given(world, program), leg.node.proxy.location


def _alone(world: World) -> Container | None:
    """Return the only container of Traefik's: in a cluster, routers do not say which one reads them."""
    found = [each for each in world.containers if each.release[0] == "traefik"]
    return found[0] if len(found) == 1 else None


def _given(world: World, program: str) -> str:
    return next((exact(each.value) for each in world.versions if each.name == program), "")


def _docker(world: World) -> str:
    """Return the version of the Docker that Traefik asks: of a container that its provider names, or as it is given."""
    for static in world.statics:
        endpoint = urlsplit(static.docker.endpoint).hostname if static.docker else None
        for container in called(world, endpoint) if endpoint else ():
            if container.release[0] == DOCKER:
                return container.release[1]
    return _given(world, DOCKER)


def _applies(fault: Fault, world: World, leg: Leg) -> bool:
    """Tell whether what a version does wrong concerns a request."""
    proxy = leg.node.proxy
    if fault.retry:
        return isinstance(proxy, Traefik) and _retries(proxy, world, leg)
    if fault.http2:
        return leg.request.tls
    if fault.defaults:
        return isinstance(proxy, Nginx) and proxy.answer(leg.request).keeps_by_default
    return True


def _retries(proxy: Traefik, world: World, leg: Leg) -> bool:
    router = proxy.decision(leg.request).router
    through = middlewares_of(world, router) if router else []
    return any(each and each.kind.lower() == "retry" for each in through)
