"""How requests for Socket.IO pass through each nginx configuration: asked, not searched for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property, lru_cache

from raven_realtime.declared.realtime_routers import contested, realtime_routers, service_of
from raven_realtime.declared.world import Nginx, Setting, World
from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.request import Request
from raven_realtime.proxies.nginx.routing import Action, Answer
from raven_realtime.proxies.nginx.servers import Listen, Server
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.settings import MULTIPLEXER_PORT, SOCKETIO_PORT, WEB_PORT

QUERY = "EIO=4&transport=polling&t=Oq1%2BZ"
PATH = "/socket.io/"
PROXY_PORTS = frozenset({80, 443, 8080, 8443, MULTIPLEXER_PORT})
"""Ports behind which another proxy stands, which then has to do its part."""
MOST_HOSTS = 20
"""How many names of one server are asked about."""


class Behind(StrEnum):
    """What a server passes Socket.IO's requests to."""

    REALTIME = "realtime"
    PROXY = "proxy"
    """Another proxy, or something that cannot be told."""
    WEB = "web"
    NOTHING = "nothing"
    """It does not pass them on."""


@dataclass(frozen=True, eq=False)
class Passage:
    """One host's way for Socket.IO through one server."""

    nginx: Nginx
    server: Directive
    listen: Listen
    host: str
    behind_tls: bool
    """Whether TLS ends before this nginx."""
    meant: bool
    """Whether the server is there for Socket.IO: it names the path, or a router leads it there."""

    def ask(self, transport: str, *, proto: str = "https", origin: bool = False, target: str = "") -> Answer:
        """Ask for an answer.

        Args:
            transport: ``polling`` or ``websocket``.
            proto: X-Forwarded-Proto, where TLS ends before this nginx.
            origin: whether the client sends Origin.
            target: path and query; Socket.IO's handshake by default.
        """
        headers = [("Accept", "*/*"), ("Cookie", "sid=x")]
        if self.behind_tls:
            headers += [("X-Forwarded-Proto", proto), ("X-Forwarded-For", "203.0.113.9")]
        if origin:
            headers.append(("Origin", f"{self.scheme}://{self.host}"))
        if transport == "websocket":
            headers += [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13")]
        address = None if self.listen.address == "*" or self.listen.address.startswith("unix:") else self.listen.address
        return self.nginx.configuration.answer(
            Request(
                self.host,
                target or f"{PATH}?{QUERY.replace('polling', transport)}",
                headers=tuple(headers),
                port=self.listen.port,
                address=address,
            )
        )

    @property
    def scheme(self) -> str:
        """What the browser's address begins with."""
        return "https" if self.behind_tls or self.listen.tls else "http"

    @cached_property
    def polling(self) -> Answer:
        """The answer to a browser's first request: polling, without Origin."""
        return self.ask("polling")

    @cached_property
    def upgrade(self) -> Answer:
        """The answer to a browser's WebSocket: with Origin, and Traefik's word for it."""
        return self.ask("websocket", proto="wss", origin=True)

    @cached_property
    def without_slash(self) -> Answer:
        """The answer to a client that leaves the path's last slash out."""
        return self.ask("polling", target="/socket.io?EIO=4&transport=polling")

    @cached_property
    def ports(self) -> tuple[int, ...]:
        """The ports that the request is passed to."""
        return tuple(port_of(server) for server in self.polling.upstream_servers)

    @property
    def behind(self) -> Behind:
        """What the request is passed to."""
        if self.polling.action is not Action.PROXIED:
            return Behind.PROXY if self.polling.action is Action.UNDECIDED else Behind.NOTHING
        if SOCKETIO_PORT in self.ports:
            return Behind.REALTIME
        if WEB_PORT in self.ports:
            return Behind.WEB
        return Behind.PROXY if set(self.ports) <= PROXY_PORTS or not self.meant else Behind.REALTIME

    @property
    def at(self) -> Location:
        """Where the location that answers stands, or the server."""
        answering = self.polling.location or self.server
        return place(answering, self.nginx)

    def said(self, name: str) -> Location:
        """Where a directive in force stands; the location that answers if there is none."""
        found = self.polling.effective(name)
        return place(found[-1], self.nginx) if found else self.at


def place(directive: Directive, nginx: Nginx) -> Location:
    """Return where a directive stands."""
    return Location(directive.file or nginx.location.path, directive.line or None)


def port_of(server: str) -> int:
    """Return the port of an upstream server's address; 80 where it names none, 0 for a Unix socket."""
    if server.startswith("unix:"):
        return 0
    tail = re.search(r":(\d+)$", server)
    return int(tail[1]) if tail else 80


def passages(world: World) -> tuple[Passage, ...]:
    """Return the ways of Socket.IO through all nginx configurations of a world."""
    return _asked(world)[0]


def refused(world: World) -> tuple[Setting, ...]:
    """Return what nginx would refuse at its start, seen only where a request is followed: the reason is the value."""
    return _asked(world)[1]


@lru_cache(maxsize=8)
def _asked(world: World) -> tuple[tuple[Passage, ...], tuple[Setting, ...]]:
    ways: list[Passage] = []
    broken: list[Setting] = []
    for nginx in world.nginx:
        try:
            found = list(_through(nginx, world))
            for passage in found:
                _ = passage.upgrade, passage.without_slash
        except (Problem, Unreadable) as problem:
            broken.append(Setting(nginx.name, str(problem), nginx.location))
        else:
            ways += found
    return tuple(ways), tuple(broken)


def realtime(world: World) -> Iterator[Passage]:
    """Yield the ways that end at Socket.IO: the last proxy before it, which does what Frappe checks.

    A tunnel of its own straight to Socket.IO is left out: it is a finding by itself, and cannot do that.
    """
    apart = tunnels_apart(world)
    return (way for way in passages(world) if way.behind is Behind.REALTIME and way not in apart)


@lru_cache(maxsize=8)
def tunnels_apart(world: World) -> tuple[Passage, ...]:
    """Return the ways straight to Socket.IO in a configuration that sends the web's requests another way."""
    split = {way.nginx.name for way in passages(world) if way.behind is Behind.WEB and not way.meant}
    return tuple(
        way for way in passages(world) if way.behind is Behind.REALTIME and not way.meant and way.nginx.name in split
    )


def forwarding(world: World) -> Iterator[Passage]:
    """Yield the ways that lead to Socket.IO, through further proxies or not."""
    for passage in passages(world):
        behind = passage.behind
        if behind is Behind.REALTIME or (behind is Behind.PROXY and passage.polling.action is Action.PROXIED):
            yield passage


def _through(nginx: Nginx, world: World) -> Iterator[Passage]:
    routed = _routed_hosts(nginx, world)
    reads_proto = any("$http_x_forwarded_proto" in str(each) for top in nginx.tree for each in top.walk())
    for server in nginx.configuration.servers.servers:
        named = _names_socketio(server.directive)
        for listen in server.listens:
            if listen.address.startswith("unix:") and not named:
                continue
            nameless = server.names == ("",) and not listen.tls
            behind_tls = not listen.tls and (reads_proto or bool(routed) or nameless)
            for host in _hosts(server, routed):
                passage = Passage(nginx, server.directive, listen, host, behind_tls, named or host in routed)
                if _is_this_server(passage) and (passage.meant or _leads_on(passage)):
                    yield passage


def _routed_hosts(nginx: Nginx, world: World) -> frozenset[str]:
    """Return the hosts that Traefik sends here: Socket.IO's requests, or over TLS all of Frappe's."""
    if not nginx.runs_in or not world.container(nginx.runs_in):
        return frozenset()
    realtime_only = {router.name for router in realtime_routers(world)}
    return frozenset(
        route.host
        for route in contested(world)
        if (route.tls or route.router.name in realtime_only)
        and (service := service_of(world, route.router))
        and nginx.runs_in in service.owners
    )


def _hosts(server: Server, routed: frozenset[str]) -> list[str]:
    hosts = [name.removeprefix(".").replace("*", "any") for name in server.names if name and name[0] not in "~_"]
    plain = [host for host in hosts if not host.endswith(".invalid")]
    if hosts:
        return plain[:MOST_HOSTS]
    return [*sorted(routed)[:MOST_HOSTS]] or ["any.example"]


def _names_socketio(server: Directive) -> bool:
    return any(
        "socket.io" in text.replace("\\", "")
        for inner in server.walk()
        if inner.name in {"location", "if", "rewrite"}
        for text in inner.args
    )


def _is_this_server(passage: Passage) -> bool:
    """Tell whether it is this server that gets the request: another one may have the name too."""
    server = passage.polling.server
    return server is None or server is passage.server


def _leads_on(passage: Passage) -> bool:
    """Tell whether a server that does not name Socket.IO passes its requests to something of Frappe's."""
    return passage.polling.action is Action.PROXIED and bool(
        {SOCKETIO_PORT, WEB_PORT, MULTIPLEXER_PORT} & set(passage.ports)
    )
