"""Who answers a request: the phases of nginx, as far as the configuration decides them.

Follows nginx 1.22's own phases: server by address and name, server rewrite, location, location rewrite, access,
try_files, content. What only shows when nginx runs is named, never guessed: `Action.UNDECIDED`, `Answer.undecided`.
That files do not exist is assumed, and said so in `Answer.assumed`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial

from raven_realtime.proxies.nginx import access, rewriting, versions
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.escaping import BadUri, escape, is_clean, normalize, split, wire
from raven_realtime.proxies.nginx.exchange import Definitions, Exchange
from raven_realtime.proxies.nginx.locations import PASSES, Location, Locations
from raven_realtime.proxies.nginx.missing import left_open, missing, why
from raven_realtime.proxies.nginx.parse import context
from raven_realtime.proxies.nginx.proxying import Proxied, proxied
from raven_realtime.proxies.nginx.regex import Undecided
from raven_realtime.proxies.nginx.request import Request, bare_host
from raven_realtime.proxies.nginx.rewriting import REDIRECTS, Verdict
from raven_realtime.proxies.nginx.servers import Server, Servers
from raven_realtime.proxies.nginx.values import size
from raven_realtime.proxies.nginx.values import status as status_of
from raven_realtime.proxies.nginx.variables import expand
from raven_realtime.proxies.record import record

_NAMED_GROUP = re.compile(r"\(\?P?[<'](\w+)[>']")
_OTHER_CONTENT = ("stub_status", "empty_gif", "flv", "mp4", "dav_methods", "random_index")


class Action(StrEnum):
    """What nginx does with a request."""

    PROXIED = "proxied"
    PASSED = "passed"
    """To an upstream that does not speak HTTP: fastcgi, uwsgi, grpc …"""
    RETURNED = "returned"
    REDIRECT = "redirect"
    STATIC = "static"
    """A file, or 404 or 403 for want of one."""
    REFUSED = "refused"
    """400 before any location is asked, or nobody listens there (status None)."""
    UNDECIDED = "undecided"


@record
class Answer:
    """Who answers a request, and with what in force."""

    action: Action
    server: Directive | None = None
    location: Directive | None = None
    """The innermost location; None where the server itself answers."""
    levels: tuple[Directive, ...] = ()
    """The blocks in force, outermost first: http, server, locations, if."""
    decided_by: Directive | None = None
    """The ``proxy_pass``, ``return``, ``rewrite`` … that gave the answer."""
    status: int | None = None
    redirect: str | None = None
    """The Location header."""
    body: str | None = None
    """The text that ``return`` gives."""
    proxied: Proxied | None = None
    why: str = ""
    """Why the request was refused or could not be decided."""
    assumed: tuple[str, ...] = field(default=())
    """What was taken for granted: files that do not exist."""

    @property
    def upstream(self) -> str | None:
        """What proxy_pass names: ``host:port`` or an upstream block."""
        return self.proxied.upstream if self.proxied else None

    @property
    def upstream_servers(self) -> tuple[str, ...]:
        """The addresses behind it."""
        return self.proxied.servers if self.proxied else ()

    @property
    def upstream_uri(self) -> str | None:
        """Path and query as the upstream gets them."""
        return self.proxied.uri if self.proxied else None

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the upstream gets, by lower-case name; the last one where a name comes twice."""
        return {name.lower(): value for name, value in self.proxied.headers} if self.proxied else {}

    @property
    def undecided(self) -> dict[str, str]:
        """Headers that the upstream gets with a value that is only known when nginx runs: lower-case name to reason."""
        return {name.lower(): why for name, why in self.proxied.undecided} if self.proxied else {}

    def effective(self, name: str) -> tuple[Directive, ...]:
        """Return a directive's occurrences in force: those of the innermost level that has any.

        Not for ``proxy_pass``, ``return``, ``rewrite``, ``set``, ``try_files``, which no level inherits.
        """
        for level in reversed(self.levels):
            if found := tuple(level.children(name)):
                return found
        return ()

    def leaves_open(self, name: str) -> bool:
        """Tell whether an include that is not here to be read may set a directive."""
        return left_open(self.levels, name) is not None

    @property
    def keeps_by_default(self) -> bool:
        """Whether nginx from 1.29.7 on keeps connections to the upstream without being told, for 60 seconds.

        It does for an `upstream` block that says neither `keepalive` nor `keepalive_timeout`, unless the request says
        ``Connection: close`` (nginx.org, ngx_http_upstream_module, "keepalive"; measured with 1.30.6: an address in
        ``proxy_pass`` is connected to anew for each request).
        """
        block = self.proxied.block if self.proxied else None
        if block is None or next(block.children("keepalive", "keepalive_timeout"), None):
            return False
        said = [each.args for each in self.effective("proxy_set_header") if each.args[0].lower() == "connection"]
        return not any(args[1:] == ("close",) for args in said)

    def told(self, name: str) -> str:
        """Return a directive's value in force as `value` does; empty where it is left open."""
        return "" if self.leaves_open(name) else self.value(name)

    def value(self, name: str, default: str = "") -> str:
        """Return the first argument of a directive in force, ``default`` if there is none: `DEFAULTS` has nginx's."""
        found = self.effective(name)
        return found[-1].args[0] if found and found[-1].args else default or DEFAULTS.get(name, "")


DEFAULTS = {
    "absolute_redirect": "on",
    "client_max_body_size": "1m",
    "merge_slashes": "on",
    "proxy_buffering": "on",
    "proxy_connect_timeout": "60s",
    "proxy_read_timeout": "60s",
    "proxy_request_buffering": "on",
    "proxy_send_timeout": "60s",
}
"""nginx's own values of what matters to realtime (nginx.org, ngx_http_core_module and ngx_http_proxy_module)."""


class Configuration:
    """A parsed configuration that can be asked about requests."""

    def __init__(self, tree: Iterable[Directive], version: str = "") -> None:
        """Take a whole configuration, a site's file, or a snippet of a server, as the parser returns it (checked).

        Args:
            tree: its directives.
            version: nginx's, such as ``1.30.6``; empty where nobody knows it.
        """
        tree = tuple(tree)
        where = context(tree)
        if where == ():
            https = [directive for directive in tree if directive.name == "http"]
            block = tuple(child for http in https for child in http.children())
            self.http = https[0] if len(https) == 1 else Directive("http", (), block)
        elif where == ("http",):
            self.http = Directive("http", (), tree)
        else:
            self.http = Directive("http", (), (Directive("server", (), tree, tree[0].file, tree[0].line),))
        own = tuple(child for child in self.http.children() if child.name not in {"server", "upstream", "map"})
        self._level = Directive("http", (), own, self.http.file, self.http.line)
        """What servers inherit from: without what is not inherited, of which there may be thousands."""
        self.servers = Servers(tuple(map(Server, self.http.children("server"))))
        self.definitions = Definitions(
            {
                definition.args[-1]: definition
                for definition in self.http.children("map", "geo", "split_clients")
                if definition.args
            },
            {block.args[0]: block for block in self.http.children("upstream") if block.args},
            frozenset(_assigned(self.http)),
            versions.parse(version),
        )
        self._locations: dict[int, Locations] = {}

    def locations(self, server: Server) -> Locations:
        """Return the locations of a server."""
        return self._locations.setdefault(id(server), Locations.of(server.directive))

    def answer(self, request: Request) -> Answer:
        """Tell who answers a request.

        Raises:
            Unreadable: a directive that decides says what nginx would refuse at start; the message has file and line.
        """
        host = "" if request.host is None else bare_host(request.host)
        if host is None or (request.host is None and request.version != "HTTP/1.0"):
            return Answer(Action.REFUSED, status=400, why=f"the Host header {request.host!r} is not one")
        try:
            chosen = self.servers.choose(host, request.address, request.port)
        except Undecided as unknown:
            return Answer(Action.UNDECIDED, why=str(unknown))
        if chosen is None:
            return Answer(Action.REFUSED, why=f"no server listens on port {request.port}")
        top = (self._level, chosen.server.directive)
        raw, args = split(wire(request.target))
        merging = _nearest((self._level, chosen.default.directive), "merge_slashes", "on")
        try:
            uri = normalize(raw if is_clean(args) else "", merge_slashes=merging == "on")
        except BadUri:
            why = f"the path {request.target!r} is not one"
            return Answer(Action.REFUSED, chosen.server.directive, levels=top, status=400, why=why)
        exchange = Exchange(
            request, chosen, self.definitions, top, uri, args, quoted_uri="%" in raw, plus_in_uri="+" in uri
        )
        exchange.remember(chosen.match)
        return _Walk(exchange, self.locations(chosen.server)).answer()


def _assigned(http: Directive) -> Iterator[str]:
    """Yield the variables that exist because some ``set`` or regular expression somewhere gives them values."""
    for found in http.walk():
        if found.name == "set" and found.args:
            yield found.args[0]
        for text in (found.name, *found.args):
            if "(?" in text:
                yield from (f"${name}" for name in _NAMED_GROUP.findall(text))


def _nearest(levels: tuple[Directive, ...], name: str, default: str) -> str:
    for level in reversed(levels):
        for found in level.children(name):
            return found.args[0]
    return default


class _InternalRedirect(Exception):  # noqa: N818 (control flow)
    """The request starts again, at the server or at a named location."""

    def __init__(self, named: bool) -> None:
        self.named = named


@dataclass
class _Walk:
    """One request's way through the phases."""

    exchange: Exchange
    locations: Locations

    def answer(self) -> Answer:
        try:
            return self._phases()
        except Undecided as unknown:
            return self._answer(Action.UNDECIDED, why=str(unknown))

    def _phases(self) -> Answer:
        phase: Callable[[], Answer] = self._from_server
        while True:
            try:
                return phase()
            except _Refused as refused:
                phase = partial(self._refuse, refused.verdict)
            except _InternalRedirect as again:
                phase = self._from_rewrite if again.named else self._from_server

    def _from_server(self) -> Answer:
        self._rewrite(self.exchange.chosen.server.directive)
        return self._from_location()

    def _from_location(self) -> Answer:
        """Find the location; again after every rewrite that changes the URI."""
        exchange = self.exchange
        while True:
            exchange.uri_changed = False
            found = self.locations.find(exchange.uri)
            self._enter(found.path)
            exchange.remember(found.match)
            if not exchange.internal and exchange.effective("internal"):
                raise _Refused(Verdict(404))
            self._check_body_size()
            if found.redirect:
                return self._add_slash(found.path[-1])
            self._rewrite_location()
            if not exchange.uri_changed:
                return self._content()
            self._count_change()

    def _from_rewrite(self) -> Answer:
        """Go on in a named location."""
        self._rewrite_location()
        if self.exchange.uri_changed:
            self._count_change()
            return self._from_location()
        return self._content()

    def _enter(self, path: tuple[Location, ...]) -> None:
        self.exchange.location = path
        self.exchange.levels = (*self.exchange.top, *(each.directive for each in path))

    def _rewrite_location(self) -> None:
        if self.exchange.location:
            self._rewrite(self.exchange.location[-1].directive)

    def _rewrite(self, block: Directive) -> None:
        if verdict := rewriting.run(block, self.exchange):
            raise _Refused(verdict)

    def _count_change(self) -> None:
        """Ten changes of the URI are allowed."""
        self.exchange.uri_changes -= 1
        if self.exchange.uri_changes == 0:
            raise _Refused(Verdict(500))

    def _check_body_size(self) -> None:
        limit = size(self.exchange.value("client_max_body_size", "1m"))
        sent = next(iter(self.exchange.request.values("Content-Length")), "0")
        if limit and sent.isdigit() and int(sent) > limit:
            raise _Refused(Verdict(413, next(iter(self.exchange.effective("client_max_body_size")), None)))

    def _add_slash(self, location: Location) -> Answer:
        target = escape(location.name) + (f"?{self.exchange.args}" if self.exchange.args else "")
        return self._answer(Action.REDIRECT, location.directive, status=301, redirect=self._absolute(target))

    def _content(self) -> Answer:
        exchange = self.exchange
        self._check_missing()
        if verdict := access.guard(exchange):
            raise _Refused(verdict)
        for try_files in exchange.levels[-1].children("try_files"):
            self._try_files(try_files)
        handler = self._handler()
        if handler is None:
            for other in exchange.levels[-1].children(*_OTHER_CONTENT):
                raise Undecided(f"{other.name} at {other.place} answers")
            return self._answer(Action.STATIC)
        if handler.name != "proxy_pass":
            return self._answer(Action.PASSED, handler, status=exchange.status)
        return self._answer(Action.PROXIED, handler, status=exchange.status, proxied=proxied(handler, exchange))

    def _check_missing(self) -> None:
        """What is not there to be read may have a better location than the one for everything."""
        exchange = self.exchange
        if not exchange.location or exchange.location[0].name == "/" or exchange.internal:
            for include in missing(exchange.chosen.server.directive):
                raise Undecided(why(include))

    def _handler(self) -> Directive | None:
        """Return what passes the request on: an ``if`` without one of its own leaves its location's in force."""
        levels = self.exchange.levels
        innermost = levels[-2:] if levels[-1].name == "if" else levels[-1:]
        for level in reversed(innermost):
            for handler in level.children(*PASSES):
                return handler
        return None

    def _try_files(self, directive: Directive) -> None:
        exchange = self.exchange
        *candidates, fallback = directive.args
        for candidate in candidates:
            path = expand(candidate, exchange)
            if candidate.endswith("/") and not path.strip("/"):  # the root folder itself is there
                exchange.uri = path[:-1]
                exchange.uri = path[:-1]
                return
            exchange.assumed.append(f"{path} ({directive.place}) does not exist")
        if fallback.startswith("="):
            raise _Refused(Verdict(status_of(fallback[1:], directive), directive))
        self._redirect_to(expand(fallback, exchange))

    def _redirect_to(self, target: str) -> None:
        """Start again inside nginx, at a named location or with another URI."""
        exchange = self.exchange
        self._count_change()
        exchange.internal = True
        exchange.uri_changed = False
        if target.startswith("@"):
            named = self.locations.named(target)
            if named is None:
                raise _Refused(Verdict(500))
            self._enter((named,))
            raise _InternalRedirect(named=True)
        exchange.uri, _, exchange.args = target.partition("?")
        exchange.valid_unparsed_uri, exchange.valid_location = False, True
        self._enter(())
        raise _InternalRedirect(named=False)

    def _refuse(self, verdict: Verdict) -> Answer:
        """nginx answers itself; an error_page may send the request elsewhere."""
        exchange = self.exchange
        if verdict.location is None and verdict.body is None and verdict.status >= 400 and verdict.status != 444:
            self._error_page(verdict)
        if verdict.location is not None or verdict.status in REDIRECTS:
            location = self._absolute(verdict.location or "") or None
            return self._answer(Action.REDIRECT, verdict.directive, status=verdict.status, redirect=location)
        # a status of nginx's own making beats the one that an error_page has asked for
        final = verdict.status >= 400 and verdict.body is None
        status = verdict.status if final else exchange.status or verdict.status
        return self._answer(Action.RETURNED, verdict.directive, status=status, body=verdict.body)

    def _error_page(self, verdict: Verdict) -> None:
        exchange = self.exchange
        if exchange.error_page_used and not exchange.is_on("recursive_error_pages", default=False):
            return
        for page in exchange.effective("error_page"):
            *codes, target = page.args
            instead = codes.pop()[1:] if codes and codes[-1].startswith("=") else None
            if str(verdict.status) not in codes:
                continue
            exchange.error_page_used = True
            if instead is None:
                exchange.status = verdict.status
            elif instead:
                exchange.status = status_of(instead, page)
            target = expand(target, exchange)
            if not target.startswith(("/", "@")):
                wanted = status_of(instead, page) if instead else 302
                raise _Refused(Verdict(wanted if wanted in REDIRECTS else 302, page, target))
            if target.startswith("/") and exchange.method != "HEAD":
                exchange.method = "GET"
            self._redirect_to(target)

    def _absolute(self, location: str) -> str:
        """Return the Location header for a path (ngx_http_header_filter)."""
        exchange = self.exchange
        if not location.startswith("/") or not exchange.is_on("absolute_redirect", default=True):
            return location
        in_redirect = exchange.is_on("server_name_in_redirect", default=False)
        host = exchange.chosen.server.name if in_redirect else exchange.host
        port = exchange.chosen.listen.port
        usual = 443 if exchange.scheme == "https" else 80
        shown = exchange.is_on("port_in_redirect", default=True) and port != usual
        return f"{exchange.scheme}://{host}{f':{port}' if shown else ''}{location}"

    def _answer(
        self,
        action: Action,
        decided_by: Directive | None = None,
        *,
        status: int | None = None,
        redirect: str | None = None,
        body: str | None = None,
        proxied: Proxied | None = None,
        why: str = "",
    ) -> Answer:
        exchange = self.exchange
        return Answer(
            action=action,
            server=exchange.chosen.server.directive,
            location=exchange.location[-1].directive if exchange.location else None,
            levels=exchange.levels,
            decided_by=decided_by,
            status=status,
            redirect=redirect,
            body=body,
            proxied=proxied,
            why=why,
            assumed=tuple(exchange.assumed),
        )


class _Refused(Exception):  # noqa: N818 (control flow)
    """nginx answers itself."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
