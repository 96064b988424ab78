"""The order of directives (https://caddyserver.com/docs/caddyfile/directives#directive-order)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from raven_realtime.proxies.caddy.matchers import plain
from raven_realtime.proxies.caddy.routes import Route
from raven_realtime.proxies.caddy.versions import SORTED_BY_SPECIFICITY, SORTED_LEXICALLY
from raven_realtime.proxies.record import record

DIRECTIVES = (
    "tracing",
    "map",
    "vars",
    "fs",
    "root",
    "log_append",
    "skip_log",
    "log_skip",
    "log_name",
    "header",
    "copy_response_headers",
    "request_body",
    "timeouts",
    "redir",
    "method",
    "rewrite",
    "uri",
    "try_files",
    "basicauth",
    "basic_auth",
    "forward_auth",
    "request_header",
    "encode",
    "push",
    "intercept",
    "templates",
    "invoke",
    "handle",
    "handle_path",
    "route",
    "abort",
    "error",
    "copy_response",
    "respond",
    "metrics",
    "reverse_proxy",
    "php_fastcgi",
    "file_server",
    "acme_server",
)
"""Caddy's own order; ``handle_path`` sorts as ``handle``."""

_EXCLUSIVE = ("rewrite", "handle", "root")
"""Of these only the first that matches counts."""

_T = TypeVar("_T")


@record
class Ordered:
    """Routes of one directive."""

    directive: str
    routes: tuple[Route, ...]
    literal: bool = False
    """Whether they stay together as they are, and have no rank among those of their directive."""


def sort(items: Sequence[_T], less: Callable[[_T, _T], bool]) -> list[_T]:
    """Sort as Go's stable sort does for up to 20 items, whether or not the comparison is consistent."""
    done = list(items)
    for end in range(1, len(done)):
        at = end
        while at > 0 and less(done[at], done[at - 1]):
            done[at], done[at - 1] = done[at - 1], done[at]
            at -= 1
    return done


def in_their_order(found: Sequence[Ordered], order: Sequence[str], version: tuple[int, ...]) -> list[Ordered]:
    """Return the directives of a block in the order in which they are tried.

    Args:
        found: what each directive makes, in the order of the file.
        order: the order of directives; one that is not in it comes first, so that it is not overlooked.
        version: Caddy's.
    """
    ranks = {name: rank for rank, name in enumerate(order)}

    def less(one: Ordered, other: Ordered) -> bool:
        if one.directive != other.directive:
            return ranks.get(one.directive, -1) < ranks.get(other.directive, -1)
        if one.literal or other.literal:
            return False
        if one.directive == "vars":
            return _less_specific(one.routes[0], other.routes[0])
        return _more_specific(one.routes[0], other.routes[0], version)

    return sort(found, less)


def grouped(ordered: Sequence[Ordered], new_group: Callable[[], str]) -> tuple[Route, ...]:
    """Return the routes of directives, with those in a group of which only the first that matches counts.

    Args:
        ordered: what each directive makes, in the order in which they are tried.
        new_group: makes names for groups.
    """
    groups = {}
    for name in _EXCLUSIVE:
        count = sum(each.directive == name for each in ordered)
        if count > 1 or (count and name == "rewrite"):
            groups[name] = new_group()
    return _consolidated(
        replace(route, group=groups[each.directive]) if each.directive in groups else route
        for each in ordered
        for route in each.routes
    )


def _consolidated(routes: Iterable[Route]) -> tuple[Route, ...]:
    """Put neighbours with the same matchers into one route, as Caddy does.

    So the second does not look again at what the first has changed, and of two ``handle`` alike both count.
    """
    made: list[Route] = []
    for route in routes:
        last = made[-1] if made else None
        if last and last.group == route.group and plain(last.matchers) == plain(route.matchers):
            made[-1] = replace(last, handlers=last.handlers + route.handlers)
        else:
            made.append(route)
    return tuple(made)


def _path(route: Route) -> str:
    """Return a route's path, if it has one set of matchers with one path."""
    if len(route.matchers) != 1:
        return ""
    paths = [path for matcher in route.matchers[0] for path in matcher.paths]
    return paths[0] if len(paths) == 1 else ""


def _more_specific(one: Route, other: Route, version: tuple[int, ...]) -> bool:
    path, other_path = _path(one), _path(other)
    if not path or not other_path:
        return bool(one.matchers) and not other.matchers
    trimmed, other_trimmed = path.removesuffix("*"), other_path.removesuffix("*")
    if version >= SORTED_BY_SPECIFICITY and trimmed == other_trimmed:
        return len(path) < len(other_path)
    if version < SORTED_LEXICALLY:
        return len(path) > len(other_path)
    if len(trimmed) == len(other_trimmed):
        return trimmed < other_trimmed
    return len(trimmed) > len(other_trimmed)


def _less_specific(one: Route, other: Route) -> bool:
    path, other_path = _path(one), _path(other)
    if path and other_path:
        return len(path) < len(other_path)
    return not one.matchers and bool(other.matchers)
