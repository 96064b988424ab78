"""Servers, their listeners, and the HTTPS that Caddy adds by itself (https://caddyserver.com/docs/automatic-https)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from raven_realtime.proxies.caddy.matchers import Matcher, names_host
from raven_realtime.proxies.caddy.responding import StaticResponse
from raven_realtime.proxies.caddy.routes import Route
from raven_realtime.proxies.interface import Listener
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

HTTP, HTTPS = 80, 443


@record
class Address:
    """What a server listens on."""

    port: int
    last: int
    """Of a range of ports; else the port."""
    host: str
    location: Location

    @staticmethod
    def parse(text: str, location: Location) -> Address | None:
        """Take a network address such as ``:443``, ``tcp/[::1]:80-90``; None where it has no port, as a socket file."""
        rest = re.sub(r"^tcp[46]?/", "", text)
        found = re.fullmatch(r"(?:\[([^\]]*)\]|([^:/]*)):(\d{1,5})(?:-(\d{1,5}))?", rest)
        if found is None:
            return None
        host = found[1] or found[2] or ""
        return Address(int(found[3]), int(found[4] or found[3]), host, location)


@record
class Server:
    """A server: where it listens, and its routes."""

    listens: tuple[Address, ...]
    routes: tuple[Route, ...]
    location: Location
    tls: bool = False
    """Whether it has TLS connection policies: then it speaks TLS."""
    automatic: bool = True
    """Whether it takes part in automatic HTTPS."""
    redirects: bool = True
    """Whether HTTP is redirected to it."""
    certificates: bool = True
    skipped: frozenset[str] = frozenset()
    """Hosts that get no HTTPS."""
    trusted: tuple[str, ...] = ()
    """Networks of proxies whose X-Forwarded headers count."""
    trusted_source: str = ""
    """Where those networks come from, if they do not stand in the configuration."""
    strict: bool = False
    """Whether the client's address is looked for from the right."""
    client_ip_headers: tuple[str, ...] = ("X-Forwarded-For",)
    write_seconds: float | None = None
    added: bool = False
    """Whether Caddy makes it by itself, for redirects."""

    def listener(self, port: int | None = None) -> Listener | None:
        """Return its listener of a port; its first if none is named."""
        for address in self.listens:
            if port is None or address.port <= port <= address.last:
                return Listener(port or address.port, address.location, self.tls, address.host)
        return None

    def only_on(self, port: int) -> bool:
        """Whether it listens on one port and no other."""
        return all(address.port <= port <= address.last for address in self.listens)


def with_automatic_https(
    servers: Sequence[Server], http: int = HTTP, https: int = HTTPS, status: int = 308
) -> tuple[Server, ...]:
    """Add what Caddy adds: TLS for servers with host names, and redirects to them.

    Args:
        servers: the servers as configured.
        http: the port of HTTP.
        https: the port of HTTPS.
        status: what a redirect answers; Caddy 1 has another.
    """
    made: list[Server] = []
    targets: dict[str, tuple[Address, Location]] = {}
    certified = False
    for server in servers:
        if not server.automatic or server.only_on(http):
            made.append(server)
            continue
        tls = server.tls or server.only_on(https)
        hosts = {host: location for host, location in _named(server) if host not in server.skipped}
        if not hosts and not tls:
            made.append(server)
            continue
        made.append(replace(server, tls=True))
        certified = certified or (bool(hosts) and server.certificates)
        if server.redirects:
            for address in server.listens:
                for host, location in (hosts or {"": server.location}).items():
                    if host not in targets or address.port == https:
                        targets[host] = address, location
    if not targets:
        return tuple(made)
    ports = (http, https, HTTP, HTTPS)
    redirects = [_redirect(host, to.port, at, ports, status) for host, (to, at) in targets.items()]
    return _with_redirects(made, redirects if certified else [], targets, redirects, ports=(http, https), status=status)


def _named(server: Server) -> list[tuple[str, Location]]:
    """Return the hosts that a server's routes name."""
    sets = (each for route in server.routes for each in route.matchers)
    return [(host, each.location) for matchers in sets for each in matchers for host in names_host((each,))]


def _with_redirects(
    servers: list[Server],
    inserted: list[Route],
    targets: Mapping[str, tuple[Address, Location]],
    redirects: list[Route],
    *,
    ports: tuple[int, int],
    status: int,
) -> tuple[Server, ...]:
    """Put redirects into the server of the HTTP port, before its routes for all; without one make one."""
    http, https = ports
    location = next(iter(targets.values()))[1]
    rest = _redirect("", https, location, (*ports, HTTP, HTTPS), status)
    made: list[Server] = []
    placed = False
    for server in servers:
        if placed or not any(address.port <= http <= address.last for address in server.listens):
            made.append(server)
            continue
        placed = True
        named = [i for i, route in enumerate(server.routes, 1) if any(names_host(each) for each in route.matchers)]
        index = named[-1] if named else 0
        routes = (*server.routes[:index], *inserted, *server.routes[index:], rest)
        made.append(replace(server, routes=routes))
    if not placed:
        hosts = {address.host for address, _ in targets.values()}
        listens = tuple(Address(http, http, host, location) for host in sorted(hosts))
        made.append(Server(listens, (*redirects, rest), location, added=True))
    return tuple(made)


def _redirect(host: str, port: int, location: Location, usual: tuple[int, ...], status: int) -> Route:
    to = "https://{http.request.host}" + ("" if port in usual else f":{port}") + "{http.request.uri}"
    plain = Matcher("protocol", "http", location)
    matchers = (plain, Matcher("host", (host,), location)) if host else (plain,)
    return Route((matchers,), (StaticResponse(location, str(status), to),), location)
