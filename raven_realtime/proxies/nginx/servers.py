"""Which server block gets a request: by address and port first, then by name.

nginx.org: "How nginx processes a request", "Server names".
"""

from __future__ import annotations

import ipaddress
from dataclasses import field
from functools import cached_property

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.escaping import wire
from raven_realtime.proxies.nginx.regex import Match, has_groups, search
from raven_realtime.proxies.record import record

ANY = ("*", "0.0.0.0", "[::]", "::")
_ROOT_DEFAULT = Directive("listen", ("80",))


@record
class Listen:
    """One ``listen`` directive."""

    directive: Directive
    address: str
    """An IP address, a name, ``*`` for all, or ``unix:…``."""
    port: int
    options: tuple[str, ...]

    @classmethod
    def of(cls, directive: Directive) -> Listen:
        """Read a ``listen`` directive."""
        where, *options = directive.args or ("80",)
        if where.startswith("unix:"):
            return cls(directive, where, 0, tuple(options))
        if where.isdigit():
            return cls(directive, "*", int(where), tuple(options))
        head, colon, tail = where.rpartition(":")
        if colon and tail.isdigit() and (not head.startswith("[") or head.endswith("]")):
            address, port = head, int(tail)
        else:
            address, port = where, 80
        if address in ANY:
            address = "*"
        return cls(directive, "127.0.0.1" if address == "localhost" else address.strip("[]"), port, tuple(options))

    @property
    def default(self) -> bool:
        """Whether this server gets what no name matches."""
        return "default_server" in self.options or "default" in self.options

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return "ssl" in self.options


@record(eq=False)
class Server:
    """One ``server`` block."""

    directive: Directive

    @cached_property
    def listens(self) -> tuple[Listen, ...]:
        """Its addresses; port 80 on all of them where none is given."""
        return tuple(map(Listen.of, self.directive.children("listen"))) or (Listen.of(_ROOT_DEFAULT),)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Its names as configured; one empty name where none is given."""
        given = [name for each in self.directive.children("server_name") for name in each.args]
        return tuple(wire(name) for name in given) or ("",)

    @cached_property
    def captures(self) -> bool:
        """Whether nginx compares its names where it is alone on a socket: if its last regular expression captures."""
        patterns = [name[1:] for name in self.names if name.startswith("~")]
        return bool(patterns) and has_groups(patterns[-1])

    @property
    def name(self) -> str:
        """The first name: what ``$server_name`` says."""
        first = self.names[0]
        return first if first.startswith("~") else first.lower().removeprefix(".")


@record
class Chosen:
    """The server of a request, the listen that it came by, and the server that was the default there."""

    server: Server
    listen: Listen
    default: Server
    match: Match | None = None


class Names:
    """The names of the servers on one socket, as nginx files them (ngx_hash_add_key).

    A name that is already taken is ignored, and ``.name`` takes two: the name itself, and every name below it.
    """

    def __init__(self, servers: list[Server]) -> None:
        self.exact: dict[str, Server] = {}
        self.below: dict[str, tuple[Server, bool]] = {}
        """Name to the server of every name below it, and whether it has the name itself too."""
        self.beginning: dict[str, Server] = {}
        self.regexes: list[tuple[str, Server]] = []
        taken: set[str] = set()
        for server in servers:
            for given in server.names:
                if given.startswith("~"):
                    self.regexes.append((given[1:], server))
                else:
                    self._file(given.lower(), server, taken)

    def _file(self, name: str, server: Server, taken: set[str]) -> None:
        if name.startswith("*."):
            self.below.setdefault(name[2:], (server, False))
        elif name.endswith(".*"):
            self.beginning.setdefault(name[:-2], server)
        elif name.removeprefix(".") not in taken:
            taken.add(name.removeprefix("."))
            if name.startswith("."):
                self.below.setdefault(name[1:], (server, True))
            else:
                self.exact[name] = server

    def find(self, host: str) -> tuple[Server, Match | None] | None:
        """Return the server that a host belongs to, and the match if a regular expression said so.

        Raises:
            Undecided: a regular expression that only PCRE can judge decides.
        """
        if host in self.exact:
            return self.exact[host], None
        labels = host.split(".")
        for start in range(len(labels)):
            server, itself = self.below.get(".".join(labels[start:]), (None, False))
            if server and (start or itself):
                return server, None
        for end in range(len(labels) - 1, 0, -1):
            if server := self.beginning.get(".".join(labels[:end])):
                return server, None
        for pattern, server in self.regexes if host else ():
            # hosts are in lower case, so nginx ignores the case of a pattern that has capitals
            if match := search(pattern, host, ignore_case=True):
                return server, match
        return None


@record(eq=False)
class Servers:
    """All servers of a configuration, in the order of the files."""

    servers: tuple[Server, ...]
    _tables: dict[int, tuple[Names, Listen, Server]] = field(default_factory=dict, repr=False)

    @cached_property
    def _sockets(self) -> dict[int, dict[str, list[tuple[Listen, Server]]]]:
        """Port to address to the servers there."""
        sockets: dict[int, dict[str, list[tuple[Listen, Server]]]] = {}
        for server in self.servers:
            for listen in server.listens:
                sockets.setdefault(listen.port, {}).setdefault(listen.address, []).append((listen, server))
        return sockets

    def at(self, address: str | None, port: int | None) -> list[tuple[Listen, Server]]:
        """Return the servers that share the socket a connection comes by; a specific address beats the wildcard."""
        if port is None:
            first = next((listen for server in self.servers for listen in server.listens), None)
            if first is None:
                return []
            port = first.port
        addresses = self._sockets.get(port, {})
        if address is not None:
            here = str(ipaddress.ip_address(address.strip("[]"))) if _is_address(address) else address
            return addresses.get(here) or addresses.get("*") or []
        return addresses.get("*") or next(iter(addresses.values()), [])

    def _table(self, here: list[tuple[Listen, Server]]) -> tuple[Names, Listen, Server]:
        """Return names and default of a socket, which is known by its list: that lives as long as this object."""
        if id(here) not in self._tables:
            default = next((each for each in here if each[0].default), here[0])
            self._tables[id(here)] = (Names([server for _, server in here]), *default)
        return self._tables[id(here)]

    def choose(self, host: str, address: str | None, port: int | None) -> Chosen | None:
        """Return the server for a host (lower case, no port; empty if there is none), or None if nobody listens there.

        Exact name, then the longest ``*.name``, then the longest ``name.*``, then the first regular expression in the
        order of the file, then the default server of that socket.

        Raises:
            Undecided: a regular expression that only PCRE can judge decides.
        """
        here = self.at(address, port)
        if not here:
            return None
        names, listen, default = self._table(here)
        found = names.find(host) if len(here) > 1 or default.captures else None
        if found:
            return Chosen(found[0], listen, default, found[1])
        return Chosen(default, listen, default)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True
