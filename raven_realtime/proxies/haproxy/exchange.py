"""A request on its way through HAProxy: what rules have made of it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from raven_realtime.proxies.haproxy.unknown import Unknown
from raven_realtime.proxies.interface import Request


@dataclass
class Exchange:
    """The request, and what HAProxy knows of it; rules change it."""

    asked_method: str
    """As the client sent it, which is what conditions see; ``set-method`` leaves it."""
    method: str
    target: str
    headers: list[tuple[str, str]]
    """All, with Host first."""
    tls: bool
    """Whether HAProxy itself decrypts the connection."""
    port: int
    client: str | None
    """None where it comes by the PROXY protocol."""
    version: str
    files: Mapping[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    unknown: dict[str, str] = field(default_factory=dict)
    """Headers, by lower-case name, that cannot be told, and why."""
    assumed: list[str] = field(default_factory=list)
    timeouts: dict[str, float] = field(default_factory=dict)
    """As ``http-request set-timeout`` sets them, by their names."""

    @classmethod
    def of(cls, request: Request, files: Mapping[str, str], *, port: int, proxied: bool, tls: bool) -> Exchange:
        """Begin with a request as it comes in; ``proxied`` where its sender is named by the PROXY protocol."""
        headers = [("Host", request.host), *request.headers] if request.host else list(request.headers)
        return cls(
            asked_method=request.method,
            method=request.method,
            target=request.target,
            headers=headers,
            tls=tls,
            port=port,
            client=None if proxied else request.client,
            version=request.version,
            files=files,
        )

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """What follows the question mark."""
        return self.target.partition("?")[2]

    @property
    def source(self) -> str:
        """The client's address.

        Raises:
            Unknown: only the sender of the PROXY protocol knows it.
        """
        if self.client is None:
            raise Unknown("the client's address comes by the PROXY protocol")
        return self.client

    def has(self, name: str) -> bool:
        """Tell whether there is such a header.

        Raises:
            Unknown: the header cannot be told.
        """
        self._ask(name)
        return any(given.lower() == name.lower() for given, _ in self.headers)

    def lines(self, name: str) -> list[str]:
        """Return the values of a header, one a line of the request.

        Raises:
            Unknown: the header cannot be told.
        """
        self._ask(name)
        return [value for given, value in self.headers if given.lower() == name.lower()]

    def remove(self, name: str) -> None:
        """Drop all lines of a header."""
        self.headers = [(given, value) for given, value in self.headers if given.lower() != name.lower()]
        self.unknown.pop(name.lower(), None)

    def _ask(self, name: str) -> None:
        if why := self.unknown.get(name.lower()):
            raise Unknown(why)
