"""Servers: the main one and its virtual hosts, and which of them answers.

The choice is that of https://httpd.apache.org/docs/2.4/vhosts/details.html.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from functools import cached_property

from raven_realtime.proxies.apache.directives import Directive
from raven_realtime.proxies.interface import Listener
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

_SECTIONS = ("virtualhost",)


@record
class Address:
    """Where a virtual host answers: a host (empty for any) and a port (None for any)."""

    host: str
    port: int | None
    location: Location


@record
class Server:
    """The main server, or a virtual host, which takes over from the main one what it does not say itself."""

    directives: tuple[Directive, ...]
    location: Location
    main: Server | None = None
    addresses: tuple[Address, ...] = ()

    @cached_property
    def name(self) -> str:
        """ServerName, without scheme and port; empty without one."""
        found = self._own("servername")
        if found is None and self.main:
            return self.main.name
        given = found.argument(0) if found else ""
        return re.sub(r":\d+$", "", re.sub(r"^[a-z]+://", "", given))

    @property
    def canonical_port(self) -> int | None:
        """The port that ServerName gives; None if it gives none."""
        found = self._own("servername")
        port = re.search(r":(\d{1,5})$", found.argument(0)) if found else None
        return int(port[1]) if port else None

    @cached_property
    def names(self) -> tuple[tuple[str, Location], ...]:
        """ServerName and each ServerAlias, in lower case, with the lines that say so."""
        found = [(self.name.lower(), line.location) for line in self.directives if line.name == "servername"][-1:]
        for line in self.directives:
            if line.name == "serveralias":
                found += [(each.lower(), line.location) for each in line.arguments]
        return tuple(found)

    def _own(self, name: str) -> Directive | None:
        return next((line for line in reversed(self.directives) if line.name == name), None)

    def last(self, name: str) -> Directive | None:
        """Return the line that sets something: its own last one, or the main server's."""
        return self._own(name) or (self.main.last(name) if self.main else None)

    def setting(self, name: str) -> str:
        """Return the first argument of a setting, in lower case; empty if it is not set."""
        line = self.last(name)
        return line.argument(0).lower() if line else ""

    def all(self, *names: str) -> Iterator[Directive]:
        """Give all lines and sections of these names: the main server's first."""
        if self.main:
            yield from self.main.all(*names)
        yield from (line for line in self.directives if line.name in names)

    def own(self, *names: str) -> Iterator[Directive]:
        """Give the lines and sections of these names that are its own."""
        return (line for line in self.directives if line.name in names)

    @property
    def tls(self) -> bool:
        """Whether it speaks TLS."""
        return self.setting("sslengine") == "on"

    def answers(self, host: str) -> bool:
        """Tell whether it is a virtual host for a name (lower case, without a port)."""
        if self.name.lower() == host:
            return True
        return any(
            fnmatch.fnmatchcase(host, name) if "*" in name or "?" in name else name == host for name, _ in self.names
        )


def servers(directives: tuple[Directive, ...], location: Location) -> tuple[Server, ...]:
    """Return the main server, and its virtual hosts in order."""
    main = Server(tuple(line for line in directives if line.name not in _SECTIONS), location)
    found = [main]
    for section in directives:
        if section.name == "virtualhost":
            addresses = tuple(_address(word, section.location) for word in section.arguments)
            found.append(Server(section.inside, section.location, main, addresses))
    return tuple(found)


def _address(word: str, location: Location) -> Address:
    host, port = _split(word)
    return Address("" if host.lower() in ("*", "_default_", "0.0.0.0", "[::]", "") else host, port, location)


def _split(word: str) -> tuple[str, int | None]:
    """Split ``host:port``; a word that is all digits is a port."""
    found = re.fullmatch(r"(.*?)(?::(\d{1,5}|\*))?", word)
    if word.isascii() and word.isdigit():
        return "", int(word[:5])
    if found is None:
        return word, None
    return found[1], int(found[2]) if found[2] and found[2] != "*" else None


def listeners(all_servers: tuple[Server, ...]) -> tuple[Listener, ...]:
    """Return where Apache listens: by ``Listen``, or, in files that have none, where virtual hosts answer."""
    main, *hosts = all_servers
    encrypted = {address.port for host in hosts if host.tls for address in host.addresses}
    found: list[Listener] = []
    for line in main.own("listen"):
        host, port = _split(line.argument(0))
        if port is not None:
            tls = port in encrypted or line.argument(1).lower() == "https" or (main.tls and not hosts)
            found.append(Listener(port, line.location, tls, "" if host in ("*", "0.0.0.0", "[::]") else host))
    if not found:
        for host_ in hosts:
            for address in host_.addresses:
                port = 80 if address.port is None else address.port
                if all(each.port != port for each in found):
                    found.append(Listener(port, address.location, address.port in encrypted, address.host))
    return tuple(found) or (Listener(80, main.location, main.tls),)


def choose(all_servers: tuple[Server, ...], port: int, host: str) -> Server:
    """Return the server for a port and a Host header: the first virtual host there, unless another has the name."""
    main, *hosts = all_servers
    there = [each for each in hosts if any(address.port in (port, None) for address in each.addresses)]
    exact = [each for each in there if any(address.port == port for address in each.addresses)]
    anywhere = [each for each in there if any(not address.host for address in each.addresses)]
    # It is not told at which address the client arrived: virtual hosts for all addresses come before those for one.
    candidates = [each for each in anywhere if each in exact] or exact or anywhere or there
    if not candidates:
        return main
    asked = re.sub(r":\d*$", "", host).lower().rstrip(".")
    return next((each for each in candidates if each.answers(asked)), candidates[0])
