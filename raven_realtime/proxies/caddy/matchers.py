"""Matchers: which requests a route is for (https://caddyserver.com/docs/json/apps/http/servers/routes/match/)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

from raven_realtime.proxies.caddy.exchange import Exchange, host_of, within
from raven_realtime.proxies.caddy.regex import compiled, search
from raven_realtime.proxies.caddy.unknown import NotKnown
from raven_realtime.proxies.caddy.urls import clean, unescape
from raven_realtime.proxies.caddy.values import strings, table
from raven_realtime.proxies.caddy.versions import TRAILING_DOTS_COUNT
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record


@record
class Matcher:
    """One condition, its value as in Caddy's JSON; that of ``not`` is a tuple of matcher sets."""

    name: str
    value: Any
    location: Location

    @property
    def paths(self) -> tuple[str, ...]:
        """The patterns of a path matcher; none of another."""
        return strings(self.value) if self.name == "path" else ()


MatcherSet = tuple[Matcher, ...]
"""Conditions that must all hold."""


def matches(matchers: MatcherSet, exchange: Exchange) -> bool:
    """Whether a request meets all conditions.

    Raises:
        NotKnown: that depends on what is only known while Caddy runs, and no other condition fails.
    """
    doubt: NotKnown | None = None
    for matcher in matchers:
        try:
            if not _matches(matcher, exchange):
                return False
        except NotKnown as unknown:
            doubt = doubt or NotKnown(unknown.why, unknown.location or matcher.location)
    if doubt:
        raise doubt
    return True


def _matches(matcher: Matcher, exchange: Exchange) -> bool:
    if matcher.name == "not":
        return not any(matches(each, exchange) for each in matcher.value)
    if matcher.name not in _MATCHERS:
        raise NotKnown(f"the matcher {matcher.name} is not followed")
    return _MATCHERS[matcher.name](matcher.value, exchange)


def _host(value: Any, exchange: Exchange) -> bool:
    host = host_of(exchange.host).lower()
    if "host" in exchange.unknown:
        raise NotKnown(f"the header Host is only known while Caddy runs: {exchange.unknown['host']}")
    doubt: NotKnown | None = None
    for text in strings(value):
        try:
            wanted = exchange.fill(text).lower()
        except NotKnown as unknown:
            doubt = unknown
            continue
        if "*" in wanted:
            pattern, labels = wanted.split("."), host.split(".")
            pairs = zip(pattern, labels, strict=False)
            if len(pattern) == len(labels) and all(one in ("*", other) for one, other in pairs):
                return True
        elif wanted == host:
            return True
    if doubt:
        raise doubt
    return False


def _path(value: Any, exchange: Exchange) -> bool:
    path = exchange.url.path.lower()
    if exchange.version < TRAILING_DOTS_COUNT:
        path = path.rstrip(". ")
    return any(_path_like(exchange.fill(text.lower()), path) for text in strings(value))


def _path_like(pattern: str, path: str) -> bool:
    if pattern == "*":
        return True
    if "%" in pattern:
        raise NotKnown(f"the path pattern {pattern} has an escape in it")
    path = clean(path, merge_slashes="//" not in pattern)
    stars = pattern.count("*")
    if stars == 2 and pattern.startswith("*") and pattern.endswith("*"):
        return pattern[1:-1] in path
    if stars == 1 and pattern.startswith("*"):
        return path.endswith(pattern[1:])
    if stars == 1 and pattern.endswith("*"):
        return path.startswith(pattern[:-1])
    glob = _glob(pattern)
    return glob is not None and glob.fullmatch(path) is not None


@lru_cache(maxsize=1024)
def _glob(pattern: str) -> re.Pattern[str] | None:
    """Translate a pattern of https://pkg.go.dev/path#Match; None where it is malformed, which matches nothing."""
    parts: list[str] = []
    position = 0
    while position < len(pattern):
        char = pattern[position]
        position += 1
        if char == "*":
            if parts[-1:] != ["[^/]*"]:
                parts.append("[^/]*")
        elif char == "?":
            parts.append("[^/]")
        elif char == "[":
            found = re.compile(r"(\^?)((?:\\.|[^\]\\])+)\]", re.DOTALL).match(pattern, position)
            if found is None:
                return None
            inside = re.sub(r"([\[&~|])", r"\\\1", found[2])  # what is special in Python's sets only
            parts.append(f"[{found[1]}{inside}]")
            position = found.end()
        elif char == "\\":
            if position == len(pattern):
                return None
            parts.append(re.escape(pattern[position]))
            position += 1
        else:
            parts.append(re.escape(char))
    try:
        return re.compile("".join(parts), re.DOTALL)
    except re.error:
        return None


def _regexp(value: Any, text: str, exchange: Exchange) -> bool:
    """Match a regular expression, and keep its captures as placeholders."""
    settings = table(value)
    pattern, name = str(settings.get("pattern", "")), str(settings.get("name", ""))
    found = search(pattern, text)
    if found is None:
        return False
    for prefix in {"http.regexp", f"http.regexp.{name}" if name else "http.regexp"}:
        if prefix == "http.regexp" and name and exchange.version < (2, 8):
            continue  # since 2.8 captures are to be had without the name too
        exchange.static[f"{prefix}.0"] = found.group(0) or ""
        for index, capture in enumerate(found.groups(), 1):
            exchange.static[f"{prefix}.{index}"] = capture or ""
        for group in compiled(pattern).groupindex:
            exchange.static[f"{prefix}.{group}"] = found.group(group) or ""
    return True


def _path_regexp(value: Any, exchange: Exchange) -> bool:
    return _regexp(value, clean(exchange.url.path), exchange)


def _method(value: Any, exchange: Exchange) -> bool:
    return exchange.method in strings(value)


def _query(value: Any, exchange: Exchange) -> bool:
    text = exchange.url.query
    if ";" in text or any(unescape(part) is None for part in text.split("&")):
        return False
    given = parse_qs(text, keep_blank_values=True)
    wanted = table(value)
    if not wanted:
        return not given
    every = exchange.version >= (2, 8)  # before, one parameter was enough, and only its first value counted (#6054)
    found = []
    for name, values in wanted.items():
        has = given.get(exchange.fill(str(name)), [])
        texts = [exchange.fill(text) for text in strings(values)]
        found.append(bool(has) and any(text == "*" or text in (has if every else has[:1]) for text in texts))
    return all(found) if every else any(found)


def _header(value: Any, exchange: Exchange) -> bool:
    for name, wanted in table(value).items():
        given = exchange.header(str(name))
        if wanted is None:
            if given:
                return False
        elif not strings(wanted):
            if not given:
                return False
        elif not any(_like(exchange.fill(text), each) for each in given for text in strings(wanted)):
            return False
    return True


def _like(pattern: str, value: str) -> bool:
    if pattern == "*":
        return True
    if pattern.startswith("*") and pattern.endswith("*"):
        return pattern[1:-1] in value
    if pattern.startswith("*"):
        return value.endswith(pattern[1:])
    return value.startswith(pattern[:-1]) if pattern.endswith("*") else value == pattern


def _header_regexp(value: Any, exchange: Exchange) -> bool:
    return all(
        any(_regexp(settings, text, exchange) for text in exchange.header(str(name)))
        for name, settings in table(value).items()
    )


def _protocol(value: Any, exchange: Exchange) -> bool:
    wanted = str(value)
    if wanted in ("http", "https"):
        return exchange.request.tls is (wanted == "https")
    if wanted == "grpc":
        return exchange.headers.first("Content-Type").startswith("application/grpc")
    found = re.fullmatch(r"http/(\d)(?:\.(\d))?(\+?)", wanted)
    if found is None:
        return False
    number, has = (int(found[1]), int(found[2] or 0)), _number(exchange.request.version)
    return has >= number if found[3] else has == number


def _number(version: str) -> tuple[int, int]:
    found = re.match(r"(\d)(?:\.(\d))?", version)
    return (int(found[1]), int(found[2] or 0)) if found else (1, 1)


def _remote_ip(value: Any, exchange: Exchange) -> bool:
    settings = table(value)
    address = exchange.peer
    if settings.get("forwarded") and (named := exchange.headers.first("X-Forwarded-For")):
        address = named.partition(",")[0].strip()
    return within(address, strings(settings.get("ranges")))


def _client_ip(value: Any, exchange: Exchange) -> bool:
    return within(exchange.client_ip, strings(table(value).get("ranges")))


def _vars(value: Any, exchange: Exchange) -> bool:
    for name, wanted in table(value).items():
        key = str(name)
        has = exchange.fill(key) if key.startswith("{") else exchange.variables.get(key, "")
        if has in [exchange.fill(text) for text in strings(wanted)]:
            return True
    return not table(value)


def _vars_regexp(value: Any, exchange: Exchange) -> bool:
    for name, settings in table(value).items():
        key = str(name)
        has = exchange.fill(key) if key.startswith("{") else exchange.variables.get(key, "")
        if _regexp(settings, has, exchange):
            return True
    return False


def _file(value: Any, exchange: Exchange) -> bool:
    """Whether one of some files exists: a name of its own is taken to, one made of the request is not."""
    settings = table(value)
    root = str(settings.get("root") or exchange.variables.get("root", "") or ".")
    for text in strings(settings.get("try_files")) or ("{http.request.uri.path}",):
        if code := re.fullmatch(r"=(\d{3})", text):
            exchange.error = int(code[1])
            return False
        name = clean("/" + exchange.fill(text))
        if name in exchange.found or (text.endswith("/") and name == "/"):
            pass  # a file that was found before, or the root itself, which is a folder
        elif "{" in text:
            exchange.assume(f"there is no file {name} in {root}")
            continue
        else:
            exchange.assume(f"there is a file {name} in {root}")
            exchange.found.add(name)
        exchange.static["http.matchers.file.relative"] = name
        return True
    return False


_MATCHERS: Mapping[str, Callable[[Any, Exchange], bool]] = {
    "host": _host,
    "path": _path,
    "path_regexp": _path_regexp,
    "method": _method,
    "query": _query,
    "header": _header,
    "header_regexp": _header_regexp,
    "protocol": _protocol,
    "remote_ip": _remote_ip,
    "client_ip": _client_ip,
    "vars": _vars,
    "vars_regexp": _vars_regexp,
    "file": _file,
}


def plain(matchers: tuple[MatcherSet, ...]) -> list[dict[str, Any]]:
    """Return matcher sets without their places, to compare them."""
    return [
        {each.name: plain(each.value) if each.name == "not" else each.value for each in matcher_set}
        for matcher_set in matchers
    ]


def names_host(matchers: MatcherSet) -> tuple[str, ...]:
    """Return the hosts that a matcher set names; a header matcher on Host is none."""
    return tuple(host for matcher in matchers if matcher.name == "host" for host in strings(matcher.value))


def path_prefixes(matchers: MatcherSet) -> tuple[str, ...]:
    """Return the paths that a matcher set names, without the star at their end."""
    return tuple(path.removesuffix("*") for matcher in matchers for path in matcher.paths)
