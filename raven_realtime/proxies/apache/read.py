"""Read Apache's configuration, and tell what Apache makes of a request.

The rules are those of https://httpd.apache.org/docs/2.4/mod/mod_proxy.html and its neighbours.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from raven_realtime.proxies.apache.directives import Directive, Resolver, parse
from raven_realtime.proxies.apache.entrances import entrances
from raven_realtime.proxies.apache.handling import handle
from raven_realtime.proxies.apache.servers import Server, listeners, servers
from raven_realtime.proxies.apache.unknown import Unknown
from raven_realtime.proxies.interface import Entrance, Listener, Outcome, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

_SECTIONS = frozenset(
    [
        "virtualhost",
        "location",
        "locationmatch",
        "directory",
        "directorymatch",
        "files",
        "filesmatch",
        "ifmodule",
        "ifdefine",
        "ifversion",
        "proxy",
        "proxymatch",
        "limit",
        "limitexcept",
        "if",
        "elseif",
        "else",
        "requireall",
        "requireany",
        "requirenone",
        "macro",
        "iffile",
        "authnprovideralias",
    ]
)
_TELLING = frozenset(
    [
        "servername",
        "serveralias",
        "serverroot",
        "serveradmin",
        "documentroot",
        "listen",
        "proxypass",
        "proxypassmatch",
        "proxypassreverse",
        "proxypreservehost",
        "proxyrequests",
        "rewriteengine",
        "rewriterule",
        "rewritecond",
        "requestheader",
        "loadmodule",
        "sslengine",
        "sslcertificatefile",
        "sslcertificatekeyfile",
        "sslproxyengine",
        "errorlog",
        "customlog",
        "redirect",
        "redirectmatch",
        "require",
        "balancermember",
        "proxyset",
        "authtype",
        "directoryindex",
        "allowoverride",
        "header",
        "includeoptional",
    ]
)
_NAME = re.compile("[A-Za-z][A-Za-z0-9_]*")


def is_apache(text: str) -> bool:
    """Tell by its content whether a text is a configuration of Apache httpd, or a part of one."""
    try:
        found = parse(text, "")
    except Unreadable:
        return False
    known = total = 0
    waiting = list(found)
    while waiting:
        line = waiting.pop()
        if not _NAME.fullmatch(line.name) or (line.children is not None and line.name not in _SECTIONS):
            return False
        if line.arguments and (line.arguments[-1].endswith((";", "{")) or line.arguments[0] in ("=", ":", "()")):
            return False
        total += 1
        known += (line.name in _TELLING and bool(line.arguments)) or (
            line.children is not None and line.name in _SECTIONS
        )
        waiting += line.inside
    return known > 0 and known >= total * 0.4


def read(text: str, name: str, *, files: Mapping[str, str] | None = None, version: str = "") -> Apache:
    """Read a configuration.

    Args:
        text: what stands in the file.
        name: what findings call the file.
        files: other files by path, which ``Include`` may name.
        version: Apache's, such as ``2.4.71``; a current one if empty.

    Raises:
        Unreadable: a file is malformed.
    """
    numbers = tuple(int(part) for part in re.findall(r"[0-9]{1,6}", version)[:3]) or (2, 4, 71)
    resolver = Resolver(dict(files or {}), numbers)
    directives = resolver.resolve(parse(text, name))
    return Apache(
        name=name,
        directives=directives,
        servers=servers(directives, Location(name)),
        version=numbers,
        assumed=tuple(dict.fromkeys(resolver.assumed)),
    )


@record
class Apache:
    """A configured Apache httpd."""

    name: str
    directives: tuple[Directive, ...]
    servers: tuple[Server, ...]
    version: tuple[int, ...] = (2, 4, 71)
    assumed: tuple[str, ...] = ()
    """What was taken for granted when the files were read."""
    kind: str = "apache"

    @property
    def location(self) -> Location:
        """The file."""
        return Location(self.name)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Where it listens, in the order of its files."""
        return listeners(self.servers)

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the names that it answers for, in the order of its files."""
        return tuple(entrances(self.servers, self.listeners))

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        try:
            return handle(self.servers, self.listeners, request, version=self.version, assumed=self.assumed)
        except Unknown as unknown:
            return Undecided(unknown.why, unknown.location or self.location)
