"""Matchers as a Caddyfile writes them (https://caddyserver.com/docs/caddyfile/matchers)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from raven_realtime.proxies.caddy.exchange import PRIVATE_RANGES
from raven_realtime.proxies.caddy.headers import canonical
from raven_realtime.proxies.caddy.matchers import Matcher, MatcherSet
from raven_realtime.proxies.caddy.tree import Directive

Definitions = Mapping[str, MatcherSet]
"""Named matchers, by name with its @."""


def definitions(lines: tuple[Directive, ...], outer: Definitions) -> dict[str, MatcherSet]:
    """Return the named matchers of a block and of those around it."""
    found = dict(outer)
    for line in lines:
        if line.name.startswith("@"):
            found[line.name] = _named(line)
    return found


def of(line: Directive, known: Definitions) -> tuple[tuple[MatcherSet, ...], Directive]:
    """Return the matchers that a directive's first argument stands for, and the directive without it.

    An undefined name is a condition that nobody can tell.
    """
    first = line.arguments[0] if line.arguments else ""
    if first == "*":
        return (), line.without_first_argument()
    if first.startswith("/"):
        return ((Matcher("path", (first,), line.location),),), line.without_first_argument()
    if first.startswith("@"):
        undefined = (Matcher(f"{first}, which is not defined,", None, line.location),)
        return (known.get(first, undefined),), line.without_first_argument()
    return (), line


def _named(line: Directive) -> MatcherSet:
    """Return what a definition says: ``@name path /a``, ``@name { path /a … }`` or ``@name `expression` ``."""
    if len(line.tokens) > 1 and line.tokens[1].quoted:
        return (Matcher("expression", line.arguments[0], line.location),)
    lines = line.lines
    if line.arguments:
        lines = (Directive(line.tokens[1:], line.block, line.location),)
    return matcher_set(lines, line.name.removeprefix("@"))


def matcher_set(lines: tuple[Directive, ...], name: str = "") -> MatcherSet:
    """Return the matchers of a block; lines of one kind are one matcher.

    Args:
        lines: the block's lines.
        name: what the set is called, and with it the captures of its regular expressions.
    """
    grouped: dict[str, list[Directive]] = {}
    for line in lines:
        grouped.setdefault(line.name, []).append(line)
    return tuple(Matcher(kind, _value(kind, found, name), found[0].location) for kind, found in grouped.items())


def _value(kind: str, lines: list[Directive], name: str) -> Any:
    return _VALUES[kind](lines, name) if kind in _VALUES else None


def _words(lines: list[Directive], _: str) -> tuple[str, ...]:
    return tuple(word for line in lines for word in line.arguments)


def _not(lines: list[Directive], name: str) -> tuple[MatcherSet, ...]:
    return tuple(
        matcher_set((Directive(line.tokens[1:], line.block, line.location),) if line.arguments else line.lines, name)
        for line in lines
    )


def _ranges(lines: list[Directive], name: str) -> dict[str, Any]:
    words = _words(lines, name)
    return {"ranges": ranges(tuple(word for word in words if word != "forwarded")), "forwarded": "forwarded" in words}


def ranges(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return networks, ``private_ranges`` spelled out."""
    return tuple(each for word in words for each in (PRIVATE_RANGES if word == "private_ranges" else (word,)))


def _query(lines: list[Directive], name: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in filter(None, _words(lines, name)):
        key, _, value = word.partition("=")
        found.setdefault(key, []).append(value)
    return found


def _header(lines: list[Directive], _: str) -> dict[str, list[str] | None]:
    found: dict[str, list[str] | None] = {}
    for line in lines:
        field, *values = line.arguments or ("",)
        if field.startswith("!"):
            found[field[1:]] = None
        else:
            # Without a value, any will do (since 2.7).
            found[canonical(field)] = (found.get(canonical(field)) or []) + values[:1]
    return found


def _regexp(words: tuple[str, ...], name: str) -> dict[str, str]:
    return {"name": words[0], "pattern": words[1]} if len(words) > 1 else {"name": name, "pattern": "".join(words)}


def _path_regexp(lines: list[Directive], name: str) -> dict[str, str]:
    return _regexp(lines[0].arguments, name)


def _by_field(lines: list[Directive], name: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for line in lines:
        words = line.arguments
        if len(words) > 2:
            found[words[1]] = _regexp((words[0], words[2]), name)
        elif len(words) == 2:
            found[words[0]] = _regexp(words[1:], name)
    return found


def _vars(lines: list[Directive], _: str) -> dict[str, tuple[str, ...]]:
    return {line.arguments[0]: line.arguments[1:] for line in lines if line.arguments}


def _file(lines: list[Directive], _: str) -> dict[str, Any]:
    found: dict[str, Any] = {"try_files": tuple(word for line in lines for word in line.arguments)}
    for each in (inner for line in lines for inner in line.lines):
        if each.name == "root":
            found["root"] = " ".join(each.arguments)
        elif each.name == "try_files":
            found["try_files"] += each.arguments
    return found


def _protocol(lines: list[Directive], name: str) -> str:
    return "".join(_words(lines, name)[-1:])


_VALUES: Mapping[str, Callable[[list[Directive], str], Any]] = {
    "host": _words,
    "path": _words,
    "method": _words,
    "not": _not,
    "remote_ip": _ranges,
    "client_ip": _ranges,
    "query": _query,
    "header": _header,
    "path_regexp": _path_regexp,
    "header_regexp": _by_field,
    "vars": _vars,
    "vars_regexp": _by_field,
    "file": _file,
    "protocol": _protocol,
}
