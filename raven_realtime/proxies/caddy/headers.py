"""Headers as Go keeps them, and Caddy's changes to them (https://caddyserver.com/docs/json/apps/http/servers/routes/handle/headers/)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field

from raven_realtime.proxies.interface import Headers
from raven_realtime.proxies.record import record

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def canonical(name: str) -> str:
    """Write a header's name as Go does: ``x-forwarded-for`` is ``X-Forwarded-For``."""
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-")) if _NAME.fullmatch(name) else name


class Fields:
    """A request's headers, in order, under their canonical names."""

    def __init__(self, pairs: Headers) -> None:
        """Take the headers as they came."""
        self.pairs = [(canonical(name), value) for name, value in pairs]

    def values(self, name: str) -> list[str]:
        """Return the values of a header."""
        name = canonical(name)
        return [value for given, value in self.pairs if given == name]

    def first(self, name: str) -> str:
        """Return the first value of a header; empty without one."""
        return next(iter(self.values(name)), "")

    def add(self, name: str, value: str) -> None:
        """Add one more value."""
        self.pairs.append((canonical(name), value))

    def set(self, name: str, value: str) -> None:
        """Give a header this value and no other."""
        self.delete(name)
        self.add(name, value)

    def delete(self, name: str) -> None:
        """Remove a header."""
        name = canonical(name)
        self.pairs = [pair for pair in self.pairs if pair[0] != name]

    def has_token(self, name: str, token: str) -> bool:
        """Whether one of a header's comma-separated words is this one, in any case."""
        words = (word.strip().lower() for value in self.values(name) for word in value.split(","))
        return token.lower() in words


@record
class Replacement:
    """Part of a header's value and what takes its place."""

    search: str
    replace: str
    regex: bool = True


@record
class Changes:
    """What becomes of headers."""

    add: tuple[tuple[str, str], ...] = ()
    set: tuple[tuple[str, str], ...] = ()
    delete: tuple[str, ...] = ()
    replace: tuple[tuple[str, Replacement], ...] = field(default=())

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.add or self.set or self.delete or self.replace)


def operation(field_name: str, value: str, replacement: str) -> Changes:
    """Return what a line of a Caddyfile says: ``+name``, ``-name``, a regular expression with a replacement, a value.

    Source: https://caddyserver.com/docs/caddyfile/directives/request_header.
    """
    if field_name.startswith("+"):
        return Changes(add=((field_name[1:], value),))
    if field_name.startswith("-"):
        return Changes(delete=(field_name[1:],))
    if replacement:
        return Changes(replace=((field_name.lstrip("?"), Replacement(value, replacement)),))
    return Changes(set=((field_name, value),))


def together(changes: list[Changes]) -> Changes:
    """Put several lines into one, as Caddy does: of two that set a header the last counts."""
    last = {canonical(name): (name, value) for each in changes for name, value in each.set}
    return Changes(
        tuple(pair for each in changes for pair in each.add),
        tuple(last.values()),
        tuple(name for each in changes for name in each.delete),
        tuple(pair for each in changes for pair in each.replace),
    )


def named(pattern: str) -> Callable[[str], bool]:
    """Return what tells whether a header's name is meant: ``X-*``, ``*-For``, ``*ward*``."""
    wanted = pattern.lower()
    if len(wanted) > 1 and wanted.startswith("*") and wanted.endswith("*"):
        return lambda name: wanted[1:-1] in name.lower()
    if wanted.startswith("*"):
        return lambda name: name.lower().endswith(wanted[1:])
    if wanted.endswith("*"):
        return lambda name: name.lower().startswith(wanted[:-1])
    return lambda name: canonical(name) == canonical(pattern)
