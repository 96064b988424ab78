"""Sections: which of Location, LocationMatch and Proxy cover a request, in the order in which they are merged.

See https://httpd.apache.org/docs/2.4/sections.html.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator

from raven_realtime.proxies.apache import patterns
from raven_realtime.proxies.apache.directives import Directive
from raven_realtime.proxies.apache.servers import Server
from raven_realtime.proxies.apache.unknown import Unknown

DECIDING = (
    *(
        "proxypass",
        "proxypassmatch",
        "rewriterule",
        "redirect",
        "redirectmatch",
        "requestheader",
        "require",
        "authtype",
    ),
    *(
        "proxypreservehost",
        "requireall",
        "requireany",
        "requirenone",
        "sethandler",
        "redirectpermanent",
        "deny",
        "order",
    ),
)
"""What makes a difference to a request that is passed on."""


def locations(server: Server, path: str) -> Iterator[Directive]:
    """Give the Location sections that cover a path, in the order of the files, the main server's first.

    Raises:
        Unknown: a pattern is not followed.
    """
    for section in server.all("location", "locationmatch"):
        words = section.arguments
        if section.name == "locationmatch" or words[:1] == ("~",):
            pattern = words[-1] if words else ""
            if patterns.search(pattern, path) is not None:
                yield section
        elif words and _covers(words[0], path):
            yield section


def _covers(wanted: str, path: str) -> bool:
    if re.search(r"[*?\[]", wanted):
        return _fits(wanted, path)
    prefix = wanted.rstrip("/")
    return (path.startswith(wanted) and (wanted.endswith("/") or path[len(wanted) :][:1] in ("", "/"))) or (
        not prefix and path.startswith("/")
    )


def _fits(pattern: str, path: str) -> bool:
    """Compare with a pattern of the shell, whose stars do not go beyond a slash."""
    wanted, given = pattern.split("/"), path.split("/")
    return len(wanted) == len(given) and all(
        fnmatch.fnmatchcase(part, each) for part, each in zip(given, wanted, strict=True)
    )


def proxied(server: Server, address: str) -> Iterator[Directive]:
    """Give the Proxy sections that cover an address that a request is passed on to."""
    for section in server.all("proxy", "proxymatch"):
        words = section.arguments
        wanted = words[0] if words else "*"
        if section.name == "proxymatch" or words[:1] == ("~",):
            if patterns.search(words[-1] if words else "", address) is not None:
                yield section
        elif wanted == "*" or address.startswith(wanted) or fnmatch.fnmatchcase(address, wanted):
            yield section


def refuse_conditions(lines: tuple[Directive, ...]) -> None:
    """Refuse to follow If sections with something that decides.

    Raises:
        Unknown: there is one.
    """
    for line in lines:
        if line.name in ("if", "elseif", "else") and _decides(line):
            raise Unknown(f"<{line.name.capitalize()}> is decided while Apache runs", line.location)
        if line.name == "use":
            raise Unknown("what a macro writes is not followed", line.location)
        if line.name in ("limit", "limitexcept") and _decides(line):
            raise Unknown("limits by method are not followed", line.location)


def _decides(section: Directive) -> bool:
    return any(line.name in DECIDING for line in section.inside)
