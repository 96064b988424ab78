"""The names that HAProxy answers for: those that conditions ask the Host header for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from raven_realtime.proxies.haproxy.conditions import Criterion, Term, condition, criterion
from raven_realtime.proxies.haproxy.listeners import Bound
from raven_realtime.proxies.haproxy.rules import split
from raven_realtime.proxies.haproxy.sections import Section
from raven_realtime.proxies.haproxy.unknown import Unknown
from raven_realtime.proxies.haproxy.words import ENVIRONMENT, Line
from raven_realtime.proxies.interface import Entrance

_NAMES = ("hdr", "fhdr", "ssl_fc_sni")
_PATHS = ("path", "url", "pathq")
_SUFFIXES = ("end", "dom")


def entrances(bound: Bound) -> Iterator[Entrance]:
    """Give the names that a listener's frontend asks for in the conditions of its rules, and its default last."""
    section = bound.section
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for line in section.lines:
        if line.keyword in ("use_backend", "http-request", "redirect"):
            for host, paths in _asked(line, section):
                if (host, paths) not in seen:
                    seen.add((host, paths))
                    yield Entrance(host, bound.listener, line.location, paths)
    catching = section.last("default_backend")
    if catching or section.kind == "listen" or not seen:
        yield Entrance("", bound.listener, catching.location if catching else section.location)


def _asked(line: Line, section: Section) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the host names, each with the path prefixes beside it, that the condition of one rule asks for."""
    when = split(line.words)[1]
    if not when or when[0] != "if":
        return
    try:
        alternatives = condition(when[1:])
    except Unknown:
        return
    for terms in alternatives:
        criteria = [each for term in terms if not term.negated for each in _criteria(term, section)]
        paths = tuple(value for each in criteria if each.fetch in _PATHS for value in _prefixes(each))
        for each in criteria:
            if each.fetch in _NAMES and each.calls[0].argument(0).lower() in ("host", ""):
                for name in _hosts(each):
                    yield name, paths


def _criteria(term: Term, section: Section) -> Iterator[Criterion]:
    try:
        for words in term.lines(section.acls):
            yield criterion(words)
    except Unknown:
        return


def _hosts(asked: Criterion) -> Iterator[str]:
    for value in asked.values:
        name = re.sub(r":\d+$", "", value.lower()).strip(".")
        if not name or ENVIRONMENT in name:
            continue
        if asked.method == "str":
            yield name
        elif asked.method in _SUFFIXES:
            yield f"*.{name}"


def _prefixes(asked: Criterion) -> tuple[str, ...]:
    return asked.values if asked.method in ("beg", "str") else ()
