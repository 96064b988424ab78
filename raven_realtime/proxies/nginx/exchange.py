"""A request on its way through nginx: what the phases read and change."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.escaping import wire
from raven_realtime.proxies.nginx.locations import Location
from raven_realtime.proxies.nginx.regex import Match, Undecided
from raven_realtime.proxies.nginx.request import Request, bare_host
from raven_realtime.proxies.nginx.servers import Chosen
from raven_realtime.proxies.nginx.versions import ASSUMED
from raven_realtime.proxies.record import record

Level = Directive
"""A block whose directives are in force: http, server, location, if."""


@record
class Definitions:
    """What ``http`` defines for all servers."""

    maps: Mapping[str, Directive] = field(default_factory=dict)
    """Variable (with its dollar) to the ``map`` or ``geo`` that defines it; the last definition counts."""
    upstreams: Mapping[str, Directive] = field(default_factory=dict)
    assigned: frozenset[str] = frozenset()
    """Variables that some ``set`` in the configuration creates."""
    version: tuple[int, ...] = ASSUMED
    """nginx's, whose defaults count."""


@dataclass
class Exchange:
    """The state of one request; the names are nginx's."""

    request: Request
    chosen: Chosen
    definitions: Definitions
    top: tuple[Level, ...]
    """The levels around all locations: http and server."""
    uri: str
    args: str
    location: tuple[Location, ...] = ()
    levels: tuple[Level, ...] = ()
    """The blocks in force, outermost first."""
    quoted_uri: bool = False
    plus_in_uri: bool = False
    internal: bool = False
    valid_unparsed_uri: bool = True
    valid_location: bool = True
    uri_changed: bool = False
    uri_changes: int = 11
    error_page_used: bool = False
    status: int | None = None
    """The status that an error_page keeps, whatever answers."""
    method: str = ""
    captures: tuple[str | None, ...] = ()
    variables: dict[str, str | Undecided] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.method = self.method or self.request.method
        self.levels = self.levels or self.top

    def effective(self, name: str) -> tuple[Directive, ...]:
        """Return a directive's occurrences at the innermost level that has any: how nginx inherits."""
        for level in reversed(self.levels):
            if found := tuple(level.children(name)):
                return found
        return ()

    def value(self, name: str, default: str) -> str:
        """Return the first argument of a directive in force, or nginx's default."""
        found = self.effective(name)
        return found[-1].args[0] if found and found[-1].args else default

    def is_on(self, name: str, *, default: bool) -> bool:
        """Return a flag in force."""
        return self.value(name, "on" if default else "off").lower() == "on"

    def remember(self, match: Match | None) -> None:
        """Keep the groups of a match: ``$1`` and named ones."""
        if match:
            self.captures = match.groups
            self.variables.update({f"${name}": value for name, value in match.named.items()})

    @property
    def host(self) -> str:
        """``$host``."""
        return bare_host(self.request.host or "") or self.chosen.server.name

    @property
    def scheme(self) -> str:
        """``$scheme``."""
        return "https" if self.chosen.listen.tls else "http"

    def client_address(self) -> str:
        """Return ``$remote_addr``: the client's, or what a trusted proxy says of it (ngx_http_realip_module)."""
        address = self.request.client
        trusted = [directive.args[0] for directive in self.effective("set_real_ip_from")]
        if not trusted:
            return address
        header = self.value("real_ip_header", "X-Real-IP")
        if header.lower() == "proxy_protocol":
            raise Undecided("the client's address comes by the PROXY protocol")
        told = self.request.values(header)
        named = header.lower() != "x-forwarded-for"
        entries = told[:1] if named else [entry for value in told for entry in value.replace(",", " ").split()]
        recursive = self.is_on("real_ip_recursive", default=False)
        for entry in reversed(entries):
            if not any(within(address, network) for network in trusted):
                break
            try:
                address = str(ipaddress.ip_address(_bare_address(entry.strip())))
            except ValueError:
                break
            if not recursive:
                break
        return address

    def headers_in(self) -> Iterator[tuple[str, str]]:
        """Yield the client's headers that nginx takes notice of: one with an underscore is dropped unless allowed."""
        if self.request.host is not None:
            yield "Host", wire(self.request.host)
        underscores = any(
            directive.args == ("on",)
            for level in (*self.top[:-1], self.chosen.default.directive)
            for directive in level.children("underscores_in_headers")
        )
        for name, value in self.request.headers:
            if "_" not in name or underscores:
                yield name, wire(value)


def within(address: str, network: str) -> bool:
    """Tell whether an address is in a network; names and unix sockets never are."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return network == address


def _bare_address(entry: str) -> str:
    """Take a port off an address, as X-Forwarded-For may carry one."""
    if entry.startswith("["):
        return entry[1:].partition("]")[0]
    return entry.partition(":")[0] if entry.count(":") == 1 else entry
