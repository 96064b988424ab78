"""Frappe gets an Origin that agrees with Host, also where the browser left it out."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from raven_realtime.findings.entry import Finding
from raven_realtime.findings.origin_refused import ENTRY
from raven_realtime.lint.passages import realtime
from raven_realtime.lint.routes import Route, containers_of, leads_to_socketio, redirects, routes, service_of
from raven_realtime.lint.rule import Parameters, Rule
from raven_realtime.lint.world import World
from raven_realtime.traefik.claims import Reach
from raven_realtime.traefik.table import Router


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
        if not _is_straight(world, route) or not all(
            name in world.table.middlewares for name in route.router.middlewares
        ):
            continue
        origin = _set_by_middlewares(world, route.router)
        if _name(origin) != route.host:
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


def _all_known(world: World, router: Router) -> bool:
    """Tell whether it shows what a router's middlewares do: they are declared, and no chain or plugin."""
    known = (world.table.middlewares.get(name) for name in router.middlewares)
    return all(each and each.kind.lower() not in {"chain", "plugin"} for each in known)


def _set_by_middlewares(world: World, router: Router) -> str:
    """Return the Origin that a router's middlewares set for every request."""
    for name in router.middlewares:
        middleware = world.table.middlewares[name]
        headers = middleware.options.get("customRequestHeaders") if middleware.kind.lower() == "headers" else None
        for key, value in headers.items() if isinstance(headers, Mapping) else ():
            if key.lower() == "origin":
                return str(value)
    return ""


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


RULE = Rule("origin-present", "Frappe gets an Origin that agrees with Host", ENTRY, judge, alone=True)
