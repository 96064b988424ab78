"""Routes: lists of matchers and handlers, tried in order (https://caddyserver.com/docs/json/apps/http/servers/routes/)."""

from __future__ import annotations

from typing import Protocol

from raven_realtime.proxies.caddy.exchange import Exchange
from raven_realtime.proxies.caddy.matchers import MatcherSet, matches
from raven_realtime.proxies.interface import Answered, Outcome
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record


class Handler(Protocol):
    """What a route does with a request."""

    @property
    def location(self) -> Location:
        """The line that it stands on."""

    @property
    def responds(self) -> bool:
        """Whether it answers requests or passes them on, rather than changing them."""

    def handle(self, exchange: Exchange) -> Outcome | None:
        """Change the request, or tell what becomes of it; None to go on to the next handler."""


@record
class Route:
    """Handlers for the requests that one of some sets of matchers matches; all requests without a set."""

    matchers: tuple[MatcherSet, ...]
    handlers: tuple[Handler, ...]
    location: Location
    group: str = ""
    """Of the routes of one group only the first that matches counts."""
    terminal: bool = False
    """Whether no route after it gets a request that it matches."""

    def handle(self, exchange: Exchange) -> Outcome | None:
        """Let its handlers have the request, if it is for them."""
        if self.matchers and not any(matches(each, exchange) for each in self.matchers):
            return _error(exchange, self.location)
        if self.group:
            if self.group in exchange.groups:
                return None
            exchange.groups.add(self.group)
        for handler in self.handlers:
            if outcome := handler.handle(exchange):
                return outcome
        if self.terminal:
            return Answered(200, "no handler answers: an empty page", self.location)
        return None


def _error(exchange: Exchange, location: Location) -> Outcome | None:
    """Return the error that a matcher asks for, such as ``=404`` in try_files."""
    status, exchange.error = exchange.error, None
    return Answered(status, "no such file", location, assumed=tuple(exchange.assumed)) if status else None


def run(routes: tuple[Route, ...], exchange: Exchange) -> Outcome | None:
    """Let routes have the request one after the other; None if it falls through them all."""
    for route in routes:
        if outcome := route.handle(exchange):
            return outcome
    return None


@record
class Subroute:
    """Routes in a route."""

    routes: tuple[Route, ...]
    location: Location

    @property
    def responds(self) -> bool:
        """Whether a handler in it does."""
        return any(handler.responds for route in self.routes for handler in route.handlers)

    def handle(self, exchange: Exchange) -> Outcome | None:
        """Let its routes have the request."""
        return run(self.routes, exchange)
