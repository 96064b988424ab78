"""The one interface of all proxies: a request in; passed on, answered, redirected, or undecided, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

Headers = tuple[tuple[str, str], ...]


@record
class Request:
    """A request as it reaches a proxy, and the connection that it comes by."""

    host: str
    """The Host header to the letter, with a port where the client sends one."""
    target: str = "/"
    """Path and query as they stand in the request line."""
    method: str = "GET"
    headers: Headers = ()
    """All other headers, in order, names as sent."""
    tls: bool = False
    """Whether the connection is encrypted."""
    port: int | None = None
    """The port that it arrives at; None where that is not known: the proxy's first listener then."""
    client: str = "203.0.113.9"
    """The address that the connection comes from."""
    version: str = "1.1"
    """Of HTTP: 1.0, 1.1 or 2."""

    def values(self, name: str) -> list[str]:
        """Return the values of a header, in order; the name in any case."""
        return [value for given, value in self.headers if given.lower() == name.lower()]

    def value(self, name: str) -> str:
        """Return the first value of a header; empty without one."""
        return next(iter(self.values(name)), "")

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def upgrades(self) -> bool:
        """Whether it asks for a WebSocket: Upgrade, and Connection that names it."""
        options = (option.strip().lower() for value in self.values("Connection") for option in value.split(","))
        return self.value("Upgrade").lower() == "websocket" and "upgrade" in options


class Affinity(StrEnum):
    """By what a proxy chooses one of several servers."""

    NONE = "none"
    """Every request for itself: round robin, least connections, at random."""
    ADDRESS = "address"
    """The client's address, as this proxy sees it."""
    COOKIE = "cookie"
    OTHER = "other"
    """Something of the request that stays the same for a browser (a header, the URI): ``Passed.by`` has it."""


@record
class Consulted:
    """Somebody who is asked first whether the request may pass (forward auth, auth_request, a login portal)."""

    address: str
    location: Location


@record
class Passed:
    """The request goes on to another server."""

    to: tuple[str, ...]
    """``host:port`` of each server that may get it (IPv6 in brackets), or ``unix:/path``."""
    request: Request
    """As that server gets it: host, target, headers, ``tls`` (how it is spoken to), ``version``, ``port`` (None where
    the servers differ). Hop-by-hop headers (Upgrade, Connection) are in it only where they are sent on."""
    location: Location
    """The line that passes it on."""
    unknown: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Headers, by lower-case name, whose value is only known while the proxy runs, and why; ``*`` stands for all."""
    relays_upgrade: bool = True
    """Whether the proxy turns into a tunnel when the server answers 101."""
    idle_seconds: float | None = None
    """After how many seconds of silence from the server it gives up an answer or closes a WebSocket; None: never."""
    affinity: Affinity = Affinity.NONE
    by: str = ""
    consulted: tuple[Consulted, ...] = ()
    assumed: tuple[str, ...] = ()
    """What was taken for granted, such as that a file does not exist: sentences without a full stop."""


@record
class Answered:
    """The proxy answers by itself."""

    status: int | None
    """None where it closes the connection, or nobody listens there."""
    why: str
    """In words: ``no route matches``, ``a file`` … without a full stop."""
    location: Location | None = None
    body: str = ""
    assumed: tuple[str, ...] = ()


@record
class Redirected:
    """The client is sent elsewhere."""

    status: int
    to: str
    """The Location header."""
    location: Location | None = None


@record
class Undecided:
    """What becomes of it cannot be told from the configuration."""

    why: str
    location: Location | None = None


Outcome = Passed | Answered | Redirected | Undecided


@record
class Listener:
    """A port that a proxy listens on."""

    port: int
    location: Location
    tls: bool = False
    address: str = ""
    """Empty for all addresses."""


@record
class Entrance:
    """A name that a proxy answers for: where a browser may come in."""

    host: str
    """A host name; empty for any; ``*.example.com`` for a wildcard."""
    listener: Listener
    location: Location
    """The line that names the host."""
    paths: tuple[str, ...] = ()
    """Path prefixes that its rules name; empty for all."""


class Proxy(Protocol):
    """A configured proxy."""

    @property
    def kind(self) -> str:
        """``nginx``, ``traefik``, ``caddy`` …: the folder's name, or the program's."""

    @property
    def name(self) -> str:
        """What findings call it: the file, or the container's name."""

    @property
    def location(self) -> Location:
        """Where its configuration stands."""

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the names that it answers for, in the order of its files."""

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
