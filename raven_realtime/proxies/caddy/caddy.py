"""Caddy as a proxy: where it may be entered, and what becomes of a request."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import replace

from raven_realtime.proxies.caddy.exchange import Exchange, within
from raven_realtime.proxies.caddy.matchers import matches, names_host, path_prefixes
from raven_realtime.proxies.caddy.routes import Route, Subroute, run
from raven_realtime.proxies.caddy.servers import Server
from raven_realtime.proxies.caddy.unknown import NotKnown
from raven_realtime.proxies.caddy.urls import Url
from raven_realtime.proxies.interface import Answered, Entrance, Outcome, Passed, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record


@record
class Elsewhere:
    """What the configuration has that is not at hand, so that no site can be said not to be there."""

    why: str
    location: Location


@record
class Caddy:
    """A configured Caddy, of generation 2 or 1."""

    name: str
    servers: tuple[Server, ...]
    version: tuple[int, ...]
    generation: int = 2
    elsewhere: tuple[Elsewhere, ...] = ()
    assumed: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """``caddy``."""
        return "caddy"

    @property
    def location(self) -> Location:
        """The file."""
        return Location(self.name)

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the names that it answers for, in the order of the file."""
        files = list(dict.fromkeys([self.name, *(server.location.path for server in self.servers)]))

        def place(entrance: Entrance) -> tuple[int, int, bool]:
            path = entrance.location.path
            index = files.index(path) if path in files else len(files)
            return index, entrance.location.line or 0, not entrance.listener.tls

        found = dict.fromkeys(each for server in self.servers for each in _entrances(server))
        return tuple(sorted(found, key=place))

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        server = self._server(request)
        try:
            return self._with_assumed(self._handle(request, server))
        except NotKnown as unknown:
            return Undecided(unknown.why, unknown.location or (server.location if server else self.location))

    def _server(self, request: Request) -> Server | None:
        """Return the server of the request's port; of no port, the first that speaks as the request does."""
        if request.port is not None:
            found = [server for server in self.servers if server.listener(request.port)]
            anywhere = [server for server in found if any(not address.host for address in server.listens)]
            return next(iter(anywhere or found), None)
        alike = [server for server in self.servers if server.tls is request.tls]
        return next(iter(alike or self.servers), None)

    def _handle(self, request: Request, server: Server | None) -> Outcome:
        if server is None:
            self._doubt()
            return Answered(None, "nobody listens on this port")
        if server.tls and not request.tls:
            return Answered(400, "it speaks TLS on this port, and the request does not", server.location)
        if request.tls and not server.tls:
            return Answered(None, "it does not speak TLS on this port", server.location)
        url = Url.parse(request.target)
        if url is None:
            return Answered(400, "the request's target is malformed", server.location)
        exchange = self._exchange(request, url, server)
        if self.elsewhere and not _is_named(server, exchange):
            self._doubt()
        outcome = run(server.routes, exchange)
        if outcome:
            return outcome
        if server.tls and any(names_host(each) for route in server.routes for each in route.matchers):
            return Answered(None, f"it has no certificate for {request.host}", server.location)
        if self.generation == 1:
            return Answered(404, "no site has this name", server.location)
        return Answered(200, "no site or route is for it: an empty page", server.location)

    def _doubt(self) -> None:
        for each in self.elsewhere:
            raise NotKnown(each.why, each.location)

    def _exchange(self, request: Request, url: Url, server: Server) -> Exchange:
        exchange = Exchange(request, url, self.version, client_ip=request.client, write_seconds=server.write_seconds)
        if server.trusted_source and request.values("X-Forwarded-For"):
            raise NotKnown(f"which proxies are trusted is only known while Caddy runs: {server.trusted_source}")
        exchange.trusted = within(request.client, server.trusted)
        if exchange.trusted:
            exchange.client_ip = _client_ip(request, server)
        return exchange

    def _with_assumed(self, outcome: Outcome) -> Outcome:
        if self.assumed and isinstance(outcome, Passed | Answered):
            return replace(outcome, assumed=self.assumed + outcome.assumed)
        return outcome


def _client_ip(request: Request, server: Server) -> str:
    """Return the address that trusted proxies name: the first, or with ``strict`` the last that is not trusted.

    Source: https://caddyserver.com/docs/caddyfile/options#trusted-proxies.
    """
    values = [value for name in server.client_ip_headers for value in request.values(name)]
    parts = [part.strip() for value in values for part in value.split(",")]
    for part in reversed(parts) if server.strict else parts:
        address = re.sub(r"^\[([^\]]*)\](?::\d+)?$|^([^:]*):\d+$", r"\1\2", part).partition("%")[0]
        try:
            ipaddress.ip_address(address)
        except ValueError:
            continue
        if not server.strict or not within(address, server.trusted):
            return address
    return request.client


def _is_named(server: Server, exchange: Exchange) -> bool:
    """Whether a site at hand names the request's host."""
    named = (each for route in server.routes for each in route.matchers if names_host(each))
    for each in named:
        try:
            if matches(tuple(matcher for matcher in each if matcher.name == "host"), exchange):
                return True
        except NotKnown:
            continue
    return False


def _entrances(server: Server) -> Iterator[Entrance]:
    for listener in filter(None, (server.listener(address.port) for address in server.listens)):
        for route in server.routes:
            named = [
                (host, matcher.location)
                for each in route.matchers
                for matcher in each
                if matcher.name == "host"
                for host in names_host((matcher,))
            ]
            if not named and (server.added or not any(handler.responds for handler in route.handlers)):
                continue
            paths = _paths(route)
            for host, location in named or [("", route.location)]:
                yield Entrance(host, listener, location, paths)


def _paths(route: Route) -> tuple[str, ...]:
    """Return the path prefixes that a route, or the routes in it, name; none where one is for every path."""
    own = [path_prefixes(each) for each in route.matchers]
    if any(own):
        return tuple(dict.fromkeys(path for paths in own for path in paths)) if all(own) else ()
    inner = [each for handler in route.handlers if isinstance(handler, Subroute) for each in handler.routes]
    found: dict[str, None] = {}
    for each in inner:
        if any(handler.responds for handler in each.handlers):
            paths = _paths(each)
            if not paths:
                return ()
            found.update(dict.fromkeys(paths))
    return tuple(found)
