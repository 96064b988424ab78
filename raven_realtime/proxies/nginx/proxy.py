"""nginx as a `Proxy`: what becomes of a request, in the words that all proxies share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from types import MappingProxyType

from raven_realtime.proxies.interface import (
    Affinity,
    Answered,
    Consulted,
    Entrance,
    Listener,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx import request as nginx_request
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.proxying import Proxied
from raven_realtime.proxies.nginx.routing import Action, Answer, Configuration
from raven_realtime.proxies.nginx.servers import Server
from raven_realtime.proxies.nginx.values import seconds
from raven_realtime.proxies.record import record

_DEFAULT_PORT = {"http": 80, "https": 443}
_OWN_PORT = re.compile(r":(\d+)$")
_CATCH_ALL = frozenset({"", "_"})


@record(eq=False)
class Nginx:
    """One nginx configuration."""

    name: str
    configuration: Configuration
    location: Location
    kind: str = "nginx"

    @cached_property
    def _entrances(self) -> tuple[Entrance, ...]:
        return tuple(self._found())

    def entrances(self) -> tuple[Entrance, ...]:
        """Return a name for each server, name and port; an empty one for a server without a name of its own."""
        return self._entrances

    def _found(self) -> Iterator[Entrance]:
        for server in self.configuration.servers.servers:
            for listen in server.listens:
                if listen.address.startswith("unix:"):
                    continue
                listener = Listener(
                    listen.port,
                    self.place(listen.directive if listen.directive.line else server.directive),
                    listen.tls,
                    "" if listen.address == "*" else listen.address,
                )
                for name in _names(server):
                    yield Entrance(name, listener, self._named_at(server))

    def _named_at(self, server: Server) -> Location:
        named = next(server.directive.children("server_name"), None)
        return self.place(named or server.directive)

    def place(self, directive: Directive) -> Location:
        """Return where a directive stands."""
        return Location(directive.file or self.location.path, directive.line or None)

    def answer(self, request: Request) -> Answer:
        """Return nginx's own answer, which knows the directives in force.

        Raises:
            Unreadable: a directive that decides says what nginx would refuse at start.
        """
        return self.configuration.answer(
            nginx_request.Request(
                request.host,
                request.target,
                request.method,
                request.headers,
                request.port,
                client=request.client,
                version=f"HTTP/{request.version}",
            )
        )

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request.

        Raises:
            Unreadable: a directive that decides says what nginx would refuse at start; the message has file and line.
        """
        return self.outcome(self.answer(request))

    def outcome(self, answer: Answer) -> Outcome:
        """Say an answer of nginx's in the words of all proxies."""
        decided = answer.decided_by or answer.location or answer.server
        where = self.place(decided) if decided else self.location
        if answer.action is Action.UNDECIDED:
            return Undecided(answer.why, where)
        if answer.action is Action.REDIRECT:
            return Redirected(answer.status or 302, answer.redirect or "", where)
        if answer.action is Action.PROXIED and answer.proxied:
            return self._passed(answer, answer.proxied, where)
        if answer.action is Action.PASSED:
            directive = answer.decided_by.name if answer.decided_by else "another protocol"
            return Answered(None, f"{directive} speaks another protocol, which carries no WebSocket", where)
        if answer.action is Action.STATIC:
            return Answered(404, "a file, or none of that name", where, assumed=answer.assumed)
        if answer.action is Action.REFUSED:
            return Answered(answer.status, answer.why, where)
        said = f"`{answer.decided_by}`" if answer.decided_by else "nginx itself"
        return Answered(answer.status, said, where, answer.body or "", answer.assumed)

    def _idle(self, answer: Answer) -> float | None:
        return seconds(answer.told("proxy_read_timeout"))

    def _passed(self, answer: Answer, proxied: Proxied, where: Location) -> Passed:
        host = next((value for name, value in proxied.headers if name.lower() == "host"), "")
        others = tuple((name, value) for name, value in proxied.headers if name.lower() != "host")
        to = tuple(_with_port(server, proxied.scheme) for server in proxied.servers)
        block = self.configuration.definitions.upstreams.get(proxied.upstream)
        affinity, by = _affinity(block)
        asked = answer.effective("auth_request")
        consulted = [Consulted(each.args[0], self.place(each)) for each in asked if each.args[:1] != ("off",)]
        return Passed(
            to,
            Request(
                host,
                proxied.uri,
                proxied.method,
                others,
                tls=proxied.scheme == "https",
                port=_one_port(to),
                client="127.0.0.1",
                version=proxied.version.removeprefix("HTTP/"),
            ),
            where,
            MappingProxyType(dict(answer.undecided)),
            idle_seconds=self._idle(answer),
            affinity=affinity if len(to) > 1 else Affinity.NONE,
            by=by,
            consulted=tuple(consulted),
            assumed=answer.assumed,
        )


def _names(server: Server) -> list[str]:
    named = [name.lower() for name in server.names if not name.startswith("~") and "$" not in name]
    kept = [("*" + name if name.startswith(".") else name) for name in named if name not in _CATCH_ALL]
    return kept if kept and len(kept) == len(server.names) else [*kept, ""]


def _with_port(server: str, scheme: str) -> str:
    if server.startswith("unix:") or _OWN_PORT.search(server):
        return server
    return f"{server}:{_DEFAULT_PORT[scheme]}"


def _one_port(to: tuple[str, ...]) -> int | None:
    ports = {int(found[1]) if (found := _OWN_PORT.search(server)) else None for server in to}
    return ports.pop() if len(ports) == 1 else None


def _affinity(block: Directive | None) -> tuple[Affinity, str]:
    """Tell by what an upstream block chooses (ngx_http_upstream_module: ip_hash, hash, sticky)."""
    for each in block.children() if block else ():
        if each.name == "ip_hash":
            return Affinity.ADDRESS, "ip_hash"
        if each.name == "sticky":
            return Affinity.COOKIE, str(each)
        if each.name == "hash" and each.args:
            key = each.args[0]
            if "$cookie_" in key:
                return Affinity.COOKIE, key
            if "$remote_addr" in key or "$binary_remote_addr" in key or "$realip_remote_addr" in key:
                return Affinity.ADDRESS, key
            return Affinity.OTHER, key
    return Affinity.NONE, ""
