"""Redirect, RedirectMatch and their like (mod_alias): where they send a client."""

from __future__ import annotations

from collections.abc import Iterable

from raven_realtime.proxies.apache import patterns
from raven_realtime.proxies.apache.directives import Directive
from raven_realtime.proxies.apache.exchange import Exchange
from raven_realtime.proxies.apache.paths import covered, escaped
from raven_realtime.proxies.apache.unknown import Unknown
from raven_realtime.proxies.interface import Answered, Redirected

NAMES = ("redirect", "redirectmatch", "redirectpermanent", "redirecttemp")
_WORDS = {"permanent": 301, "temp": 302, "seeother": 303, "gone": 410}


def redirected(lines: Iterable[Directive], exchange: Exchange) -> Redirected | Answered | None:
    """Return the answer of the first line that covers the request; None if none does.

    Args:
        lines: in the order in which they count.
        exchange: the request.

    Raises:
        Unknown: the address is not followed.
    """
    for line in lines:
        status, words = _status(line)
        if is_whole(line):
            path, to = "", words[0] if words else ""
        else:
            path, to = (words[0] if words else "/"), (words[1] if len(words) > 1 else "")
        if "${" in to or (not path and "%{" in to):
            raise Unknown(f"the address {to} is not followed", line.location)
        found = _address(line, path, to, exchange)
        if found is None:
            continue
        if _is_final(status):
            return Answered(status, f"{line.name.capitalize()} {status}", line.location)
        if found.startswith("/"):
            found = exchange.origin + found
        if exchange.query is not None and "?" not in found:
            found += f"?{exchange.query}"
        return Redirected(status, found, line.location)
    return None


def is_whole(line: Directive) -> bool:
    """Tell whether it is a redirect of a whole section, without a path of its own."""
    status, words = _status(line)
    return line.name in NAMES and len(words) == (0 if _is_final(status) else 1)


def _is_final(status: int) -> bool:
    return not 300 <= status < 400


def _status(line: Directive) -> tuple[int, tuple[str, ...]]:
    if line.name == "redirectpermanent":
        return 301, line.arguments
    first = line.argument(0).lower()
    if first in _WORDS:
        return _WORDS[first], line.arguments[1:]
    if len(first) == 3 and first.isascii() and first.isdigit():
        return int(first), line.arguments[1:]
    return 302, line.arguments


def _address(line: Directive, path: str, to: str, exchange: Exchange) -> str | None:
    if not path:
        return to
    if line.name == "redirectmatch":
        groups = patterns.search(path, exchange.path)
        return None if groups is None else escaped_address(patterns.expand(to, groups))
    length = covered(exchange.path, path)
    return to + escaped(exchange.path[length:]) if length else None


def escaped_address(text: str) -> str:
    """Escape what a regular expression made up: the path, and not the query or the fragment."""
    end = next((index for index, char in enumerate(text) if char in "?#"), len(text))
    return escaped(text[:end]) + text[end:]
