"""Frappe gets an Origin that agrees with Host, also where the browser left it out."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from raven_realtime.declared.passages import realtime
from raven_realtime.declared.realtime_routers import (
    Route,
    containers_of,
    leads_to_socketio,
    middlewares_of,
    redirects,
    routes,
    service_of,
)
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt008_origin_refused import ENTRY
from raven_realtime.proxies.traefik.claims import Reach
from raven_realtime.proxies.traefik.table import Middleware


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Judge what the last proxy before Socket.IO sends: nginx, or Traefik itself."""
    yield from _by_nginx(world)
    yield from _by_traefik(world)


def _by_nginx(world: World) -> Iterator[Finding]:
    """Ask as a browser does (polling without Origin, then a WebSocket with one) and compare the hosts."""
    for passage in realtime(world):
        for answer, asked in ((passage.polling, "a poll without Origin"), (passage.upgrade, "a WebSocket")):
            if answer.proxied is None or {"origin", "host"} & answer.undecided.keys():
                continue
            origin, host = answer.headers.get("origin", ""), answer.headers.get("host", "")
            if not origin:
                said = "arrives without Origin"
            elif _name(origin) != _name(f"//{host}"):
                said = f"arrives with Origin {origin} and Host {host}"
            elif _name(origin) != passage.host:
                said = f"of {passage.host} arrives with Origin {origin}"
            else:
                continue
            where = passage.said("proxy_set_header") if origin else passage.at
            yield ENTRY.found(f"{passage.host}: {asked} {said}", where, stack="nginx")
            break


def _by_traefik(world: World) -> Iterator[Finding]:
    """Report routers straight to Socket.IO: Traefik passes on what it got, and sets only what a middleware says."""
    for route in routes(world):
        if not _is_straight(world, route):
            continue
        origin = _set_by(middlewares_of(world, route.router))
        if origin is not None and _name(origin) != route.host:
            said = f"arrives with Origin {origin}" if origin else "arrives without Origin"
            yield ENTRY.found(
                f"{route.host}: {route.router.name} leads straight to Socket.IO, and a poll without Origin {said}",
                route.router.location,
                stack="traefik",
            )


def _is_straight(world: World, route: Route) -> bool:
    service = service_of(world, route.router)
    proxies = service and any(each.may_be_proxy or world.nginx_in(each.name) for each in containers_of(world, service))
    gets = any(claim.router.name == route.router.name and claim.reach is not Reach.SHADOWED for claim in route.claims)
    return gets and not proxies and leads_to_socketio(world, route.router) and not redirects(world, route.router)


def _set_by(through: list[Middleware | None]) -> str | None:
    """Return the Origin that middlewares set for every request, empty for none; None where they do not show."""
    origin: str | None = ""
    for middleware in through:
        if middleware is None or middleware.kind.lower() == "plugin":
            return None
        headers = middleware.options.get("customRequestHeaders") if middleware.kind.lower() == "headers" else None
        for key, value in headers.items() if isinstance(headers, Mapping) else ():
            origin = str(value) if key.lower() == "origin" else origin
    return origin


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


RULE = Rule("origin-present", "Frappe gets an Origin that agrees with Host", ENTRY, judge, alone=True)
