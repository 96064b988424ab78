"""Handlers that answer by themselves, and those that change nothing that matters here."""

from __future__ import annotations

from raven_realtime.proxies.caddy.exchange import Exchange
from raven_realtime.proxies.caddy.headers import Changes
from raven_realtime.proxies.caddy.routes import Route, run
from raven_realtime.proxies.caddy.unknown import NotKnown
from raven_realtime.proxies.caddy.urls import clean
from raven_realtime.proxies.caddy.versions import FILES_ARE_ONLY_READ
from raven_realtime.proxies.interface import Answered, Outcome, Redirected
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

_INVOKED = 20
"""How deep named routes may call each other."""


@record
class StaticResponse:
    """A fixed answer (https://caddyserver.com/docs/json/apps/http/servers/routes/handle/static_response/)."""

    location: Location
    status: str = ""
    to: str = ""
    """The Location header."""
    body: str = ""
    abort: bool = False
    why: str = "a fixed answer"

    responds = True

    def handle(self, exchange: Exchange) -> Outcome:
        """Answer."""
        assumed = tuple(exchange.assumed)
        if self.abort:
            return Answered(None, "the connection is closed", self.location, assumed=assumed)
        try:
            to = exchange.fill(self.to) or exchange.answer_location
            status = int(exchange.fill(self.status) or 200)
        except ValueError:
            return Answered(500, "its status is no number", self.location, assumed=assumed)
        except NotKnown as unknown:
            raise NotKnown(unknown.why, self.location) from unknown
        if to and 300 <= status <= 399:
            return Redirected(status, to, self.location)
        try:
            body = exchange.fill(self.body, keep_unrecognized=True)
        except NotKnown:
            body = self.body
        return Answered(status, self.why, self.location, body, assumed)


@record
class FileServer:
    """A file server (https://caddyserver.com/docs/caddyfile/directives/file_server)."""

    location: Location
    root: str = ""
    pass_thru: bool = False
    browse: bool = False

    responds = True

    def handle(self, exchange: Exchange) -> Outcome | None:
        """Answer with a file, if the request was rewritten to one that must exist; else take it that there is none."""
        path = clean("/" + exchange.url.path)
        root = self.root or exchange.variables.get("root", "") or "."
        if path in exchange.found:
            if exchange.method not in ("GET", "HEAD") and exchange.version >= FILES_ARE_ONLY_READ:
                return Answered(405, "a file is only read", self.location, assumed=tuple(exchange.assumed))
            return Answered(200, "a file", self.location, assumed=tuple(exchange.assumed))
        exchange.assume(f"there is no file {path} in {root}")
        if self.pass_thru:
            return None
        return Answered(404, "no such file", self.location, assumed=tuple(exchange.assumed))


@record
class HeaderChanges:
    """Changes of the request's headers, or of the answer's."""

    location: Location
    request: Changes = Changes()
    answer_location: str = ""
    """What the answer's Location header is set to."""

    responds = False

    def handle(self, exchange: Exchange) -> None:
        """Change the headers."""
        try:
            exchange.change_headers(self.request)
            exchange.answer_location = exchange.fill(self.answer_location) or exchange.answer_location
        except NotKnown as unknown:
            raise NotKnown(unknown.why, unknown.location or self.location) from unknown


@record
class Variables:
    """Variables for later handlers, such as ``root``."""

    location: Location
    values: tuple[tuple[str, str], ...] = ()

    responds = False

    def handle(self, exchange: Exchange) -> None:
        """Set the variables."""
        for name, value in self.values:
            try:
                exchange.variables[name] = exchange.fill(value)
            except NotKnown as unknown:
                exchange.variables.pop(name, None)
                exchange.at_run_time[f"http.vars.{name}"] = unknown.why


@record
class Mapped:
    """Placeholders that are made of others by a table, which is not followed."""

    location: Location
    names: tuple[str, ...] = ()

    responds = False

    def handle(self, exchange: Exchange) -> None:
        """Note that their values are not known."""
        exchange.at_run_time.update(dict.fromkeys(self.names, f"a map makes it ({self.location})"))


@record
class Password:
    """A user name and a password are asked for (https://caddyserver.com/docs/caddyfile/directives/basic_auth)."""

    location: Location

    responds = False

    def handle(self, exchange: Exchange) -> Outcome | None:
        """Refuse who names none."""
        if exchange.headers.first("Authorization").lower().startswith("basic "):
            raise NotKnown("it asks for a password, and whether this one is right is not known", self.location)
        return Answered(401, "it asks for a password", self.location, assumed=tuple(exchange.assumed))


@record
class Invoked:
    """A named route (https://caddyserver.com/docs/caddyfile/directives/invoke)."""

    location: Location
    name: str
    routes: dict[str, tuple[Route, ...]]

    responds = True

    def handle(self, exchange: Exchange) -> Outcome | None:
        """Let the named route have the request."""
        if self.name not in self.routes:
            raise NotKnown(f"there is no route named {self.name}", self.location)
        if exchange.invoked >= _INVOKED:
            raise NotKnown("named routes call each other in circles", self.location)
        exchange.invoked += 1
        try:
            return run(self.routes[self.name], exchange)
        finally:
            exchange.invoked -= 1


@record
class Passive:
    """A handler that changes nothing that matters here: compression, logs, templates."""

    location: Location

    responds = False

    def handle(self, _: Exchange) -> None:
        """Do nothing."""


@record
class Unfollowed:
    """A handler that is not followed: a plugin's, or one of Caddy's own that is seldom met."""

    location: Location
    why: str
    responds: bool = True

    def handle(self, _: Exchange) -> Outcome | None:
        """Say so.

        Raises:
            NotKnown: always.
        """
        raise NotKnown(self.why, self.location)
