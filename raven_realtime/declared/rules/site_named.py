"""Frappe's realtime process and its web take a request for the same site."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from raven_realtime.declared import names
from raven_realtime.declared.journey import ANY_HOST, HEADER, Journey, Part, Way, frappes, said_at
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt009_namespace_refused import ENTRY

_NEW_SITE = re.compile(r"\bbench\s+new-site\s+(?P<words>[^;&|\n]*)")
_VALUED = re.compile(r"--(?:db|mariadb|admin|source|install|root|verbose|password|user|host|port|type)[\w-]*$")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Compare the site that the realtime process takes with the page's own, and with those that exist."""
    existing = sites(world)
    for way in frappes(world):
        if not way.ends_at_realtime or way.poll.arrived is None:
            continue
        given = way.poll.header(HEADER)
        if given is None:
            continue
        where, stack = said_at(way.poll), way.poll.last.node.proxy.kind
        if not given:
            said = f"{way.shown}: /socket.io/ is passed on without {HEADER}"
            yield ENTRY.found(said, where, stack=stack, level=Level.NOTE, host=way.host)
            continue
        page = site_of_page(way)
        if page and page != given and ANY_HOST not in {page, given}:
            said = f"{way.shown}: the realtime process is told {given}, and the page is of {page}"
            yield ENTRY.found(said, said_at(way.poll, "proxy_set_header"), stack=stack, host=way.host)
        elif existing and given not in existing and given != ANY_HOST and (given != way.host or _is_pinned(way)):
            said = f"{way.shown}: the site {given} is not one of those that are made: {', '.join(sorted(existing))}"
            yield ENTRY.found(said, said_at(way.poll, "proxy_set_header"), stack=stack, host=way.host)


def _is_pinned(way: Way) -> bool:
    """Tell whether the header is the same whatever host is asked."""
    other = replace(way, host=f"other-than-{way.host}")
    return other.poll.header(HEADER) == way.poll.header(HEADER)


def site_of_page(way: Way) -> str:
    """Return the site that the page is of, where that can be told: the header, else Host."""
    page: Journey = way.page
    if page.arrived is None or page.destination is None or page.destination.part is not Part.WEB:
        return ""
    given, host = page.header(HEADER), page.header("host")
    if given is None or host is None:
        return ""
    return given or names.split(host)[0]


def sites(world: World) -> frozenset[str]:
    """Return the sites that commands make, where any does."""
    found: set[str] = set()
    for command in world.command_lines:
        for made in _NEW_SITE.finditer(command):
            words = made["words"].split()
            plain = [word for before, word in zip(["", *words], words, strict=False) if not _belongs(before, word)]
            found |= {word.strip("'\"") for word in plain if "$" not in word}
    return frozenset(found)


def _belongs(before: str, word: str) -> bool:
    """Tell whether a word is an option, or the value of one."""
    return word.startswith("-") or bool(_VALUED.fullmatch(before) and "=" not in before and before != "--verbose")


RULE = Rule("site-named", f"the proxy sets {HEADER}, as the site of the page", ENTRY, judge, alone=True)
