"""Sections: what stands in ``defaults``, ``frontend``, ``backend`` and ``listen``, and what they inherit.

Section 4 of HAProxy's configuration manual says which keywords a section takes over from its defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from raven_realtime.proxies.haproxy.words import Line, lines
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

PROXIES = ("frontend", "backend", "listen")
KINDS = (
    "global",
    "defaults",
    *PROXIES,
    *("userlist", "peers", "mailers", "resolvers", "cache", "program", "http-errors", "ring", "log-forward"),
    *("fcgi-app", "crt-store", "traces", "log-profile", "acme", "dynamic-update", "namespace_list"),
)
"""The words that begin a section."""
_DEFAULT_ONLY_RULES = ("http-request", "tcp-request", "http-response", "http-after-response", "tcp-response")
_UNITS = {"us": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 0.001}


@record
class Section:
    """One section, with the defaults that hold for it."""

    kind: str
    name: str
    opening: Line
    lines: tuple[Line, ...]
    defaults: Section | None = None

    @property
    def location(self) -> Location:
        """The line that opens it."""
        return self.opening.location

    @property
    def chain(self) -> list[Section]:
        """The section, its defaults, and what those inherit in turn."""
        found = [self]
        while found[-1].defaults:
            found.append(found[-1].defaults)
        return found

    @property
    def accepts(self) -> bool:
        """Whether clients connect to it."""
        return self.kind in ("frontend", "listen")

    def own(self, *keywords: str) -> list[Line]:
        """Return its own lines that begin with these words."""
        return [line for line in self.lines if line.words[: len(keywords)] == keywords]

    def last(self, *keywords: str) -> Line | None:
        """Return the line that sets something: the last of its own, or of its defaults."""
        return next((found[-1] for section in self.chain if (found := section.own(*keywords))), None)

    def option(self, name: str) -> Line | None:
        """Return the line that switches an option on; None if none does, or a ``no option`` takes it back."""
        for line in (line for section in self.chain for line in reversed(section.lines)):
            if line.words[:3] == ("no", "option", name):
                return None
            if line.words[:2] == ("option", name):
                return line
        return None

    def setting(self, *keywords: str) -> str:
        """Return the first argument of a setting; empty if it is not set."""
        line = self.last(*keywords)
        return line.words[len(keywords)] if line and len(line.words) > len(keywords) else ""

    @property
    def mode(self) -> str:
        """Of a proxy: http or tcp (HAProxy's own default)."""
        return self.setting("mode") or "tcp"

    @property
    def disabled(self) -> bool:
        """Whether the section is switched off."""
        return any(line.keyword == "disabled" for line in self.lines)

    def rules(self, keyword: str) -> Iterator[tuple[Line, dict[str, tuple[Line, ...]]]]:
        """Give its rules in order, those of named defaults first, each with the ACLs that its condition may name."""
        inherits = keyword in _DEFAULT_ONLY_RULES
        for section in reversed(self.chain) if inherits else [self]:
            acls = section.acls
            for line in section.own(keyword):
                yield line, acls

    @property
    def acls(self) -> dict[str, tuple[Line, ...]]:
        """Its ACLs by name, with all lines of each."""
        found: dict[str, tuple[Line, ...]] = {}
        for line in self.own("acl"):
            if len(line.words) > 2:
                found[line.words[1]] = (*found.get(line.words[1], ()), line)
        return found

    def timeout(self, name: str) -> float | None:
        """Return a timeout in seconds; None if it is not set, is nought, or is no time."""
        return duration(self.setting("timeout", name)) or None


def duration(word: str) -> float | None:
    """Read a time as section 2.5 of the manual says: milliseconds, or with a unit; None for anything else."""
    found = re.fullmatch(r"([0-9]{1,12})(us|ms|s|m|h|d|)", word)
    return int(found.group(1)) * _UNITS[found.group(2)] if found else None


def sections(text: str, name: str) -> tuple[Section, ...]:
    """Read the sections of a file.

    Raises:
        Unreadable: a line cannot be split into words, or stands before the first section.
    """
    found: list[Section] = []
    opening: Line | None = None
    body: list[Line] = []
    for line in (*lines(text, name), None):
        if line is None or line.keyword in KINDS:
            if opening:
                found.append(_section(opening, tuple(body), found))
            opening, body = line, []
        elif opening:
            body.append(line)
        elif not line.keyword.startswith("."):
            known = ", ".join(("global", "defaults", *PROXIES))
            raise Unreadable(f"The line stands before the first section ({known}).", line.location)
    return tuple(found)


def _section(opening: Line, body: tuple[Line, ...], before: list[Section]) -> Section:
    kind = opening.keyword
    name = opening.words[1] if len(opening.words) > 1 else ""
    if kind in PROXIES and not name:
        raise Unreadable(f"The {kind} has no name.", opening.location)
    return Section(kind, name, opening, body, _defaults(opening, before) if kind in (*PROXIES, "defaults") else None)


def _defaults(opening: Line, before: list[Section]) -> Section | None:
    known = [section for section in before if section.kind == "defaults"]
    if "from" in opening.words[1:-1]:
        wanted = opening.words[opening.words.index("from", 1) + 1]
        named = [section for section in known if section.name == wanted]
        if not named:
            raise Unreadable(f"There is no defaults section named {wanted} above.", opening.location)
        return named[-1]
    return known[-1] if known and opening.keyword != "defaults" else None
