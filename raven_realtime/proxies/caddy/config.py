"""Caddy's JSON (https://caddyserver.com/docs/json/) as servers, routes and handlers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from raven_realtime.proxies.caddy.headers import Changes, Replacement
from raven_realtime.proxies.caddy.jsontext import Object
from raven_realtime.proxies.caddy.matchers import Matcher, MatcherSet
from raven_realtime.proxies.caddy.proxying import Intercepted, ReverseProxy, Transport, Upstream
from raven_realtime.proxies.caddy.responding import (
    FileServer,
    HeaderChanges,
    Invoked,
    Mapped,
    Passive,
    Password,
    StaticResponse,
    Unfollowed,
    Variables,
)
from raven_realtime.proxies.caddy.rewriting import Rewrite, Substitution
from raven_realtime.proxies.caddy.routes import Handler, Route, Subroute
from raven_realtime.proxies.caddy.servers import HTTP, HTTPS, Address, Server
from raven_realtime.proxies.caddy.values import seconds, strings, table, tables
from raven_realtime.proxies.location import Location

PASSIVE = {
    "acme_server",  # it answers under /acme/ only
    "copy_response_headers",
    "encode",
    "intercept",
    "log_append",
    "push",
    "request_body",
    "templates",
    "tracing",
}
"""Handlers that change nothing here."""


def servers(config: Any, name: str) -> tuple[tuple[Server, ...], int, int]:
    """Return the servers of a configuration, and its ports of HTTP and HTTPS.

    Args:
        config: what `jsontext.parse` returns.
        name: what locations call the file.
    """
    app = table(table(table(config).get("apps")).get("http"))
    made = [_Builder(name, table(server)).server() for server in table(app.get("servers")).values()]
    return tuple(made), _port(app.get("http_port"), HTTP), _port(app.get("https_port"), HTTPS)


def _port(value: Any, usual: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536 else usual


def _text(value: Any) -> str:
    """Return a text; a number, as status codes may be, becomes one."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


class _Builder:
    """Builds one server."""

    def __init__(self, name: str, settings: Mapping[str, Any]) -> None:
        self._name = name
        self._settings = settings
        self._named: dict[str, tuple[Route, ...]] = {}

    def _at(self, value: Any, outer: Location | None = None) -> Location:
        line = value.line if isinstance(value, Object) else None
        return Location(self._name, line) if line else outer or Location(self._name)

    def server(self) -> Server:
        settings = self._settings
        location = self._at(settings)
        for name, route in table(settings.get("named_routes")).items():
            self._named[name] = self._routes([route], location)
        automatic = table(settings.get("automatic_https"))
        trusted = table(settings.get("trusted_proxies"))
        source = _text(trusted.get("source"))
        addresses = (Address.parse(text, location) for text in strings(settings.get("listen")))
        headers = strings(settings.get("client_ip_headers"))
        return Server(
            listens=tuple(filter(None, addresses)),
            routes=self._routes(settings.get("routes"), location),
            location=location,
            tls=bool(settings.get("tls_connection_policies")),
            automatic=not automatic.get("disable"),
            redirects=not automatic.get("disable_redirects"),
            certificates=not automatic.get("disable_certificates"),
            skipped=frozenset(strings(automatic.get("skip"))),
            trusted=strings(trusted.get("ranges")) if source == "static" else (),
            trusted_source="" if source == "static" else source,
            strict=bool(settings.get("trusted_proxies_strict")),
            client_ip_headers=headers or ("X-Forwarded-For",),
            write_seconds=seconds(settings.get("write_timeout")),
        )

    def _routes(self, value: Any, outer: Location) -> tuple[Route, ...]:
        return tuple(self._route(each, self._at(each, outer)) for each in tables(value))

    def _route(self, value: Mapping[str, Any], location: Location) -> Route:
        return Route(
            tuple(self._matchers(each, location) for each in tables(value.get("match"))),
            tuple(self._handler(each, self._at(each, location)) for each in tables(value.get("handle"))),
            location,
            _text(value.get("group")),
            bool(value.get("terminal")),
        )

    def _matchers(self, value: Mapping[str, Any], outer: Location) -> MatcherSet:
        location = self._at(value, outer)
        made = []
        for name, settings in value.items():
            inner = tuple(self._matchers(each, location) for each in tables(settings)) if name == "not" else settings
            made.append(Matcher(name, inner, location))
        return tuple(made)

    def _handler(self, value: Mapping[str, Any], location: Location) -> Handler:
        kind = _text(value.get("handler"))
        if kind in PASSIVE:
            return Passive(location)
        make = _HANDLERS.get(kind)
        return make(self, value, location) if make else Unfollowed(location, f"the handler {kind} is not followed")

    def _subroute(self, value: Mapping[str, Any], location: Location) -> Handler:
        return Subroute(self._routes(value.get("routes"), location), location)

    def _static_response(self, value: Mapping[str, Any], location: Location) -> Handler:
        to = next(
            (strings(each) for name, each in table(value.get("headers")).items() if name.lower() == "location"), ()
        )
        return StaticResponse(
            location,
            _text(value.get("status_code")),
            "".join(to[:1]),
            _text(value.get("body")),
            bool(value.get("abort")),
        )

    def _error(self, value: Mapping[str, Any], location: Location) -> Handler:
        return StaticResponse(location, _text(value.get("status_code")) or "500", why="an error")

    def _metrics(self, _: Mapping[str, Any], location: Location) -> Handler:
        return StaticResponse(location, "200", why="Caddy's metrics")

    def _file_server(self, value: Mapping[str, Any], location: Location) -> Handler:
        root = _text(value.get("root"))
        return FileServer(location, root, bool(value.get("pass_thru")), "browse" in value)

    def _vars(self, value: Mapping[str, Any], location: Location) -> Handler:
        pairs = ((name, _text(each)) for name, each in value.items() if name != "handler")
        return Variables(location, tuple(pairs))

    def _map(self, value: Mapping[str, Any], location: Location) -> Handler:
        return Mapped(location, tuple(text.strip("{}") for text in strings(value.get("destinations"))))

    def _authentication(self, value: Mapping[str, Any], location: Location) -> Handler:
        if set(table(value.get("providers"))) == {"http_basic"}:
            return Password(location)
        return Unfollowed(location, "who is logged in is asked of a plugin", responds=False)

    def _invoke(self, value: Mapping[str, Any], location: Location) -> Handler:
        return Invoked(location, _text(value.get("name")), self._named)

    def _headers(self, value: Mapping[str, Any], location: Location) -> Handler:
        answer = table(value.get("response"))
        plain = not answer.get("deferred") and not answer.get("require")
        to = dict(_changes(answer).set).get("Location", "") if plain else ""
        return HeaderChanges(location, _changes(value.get("request")), to)

    def _rewrite(self, value: Mapping[str, Any], location: Location) -> Rewrite:
        return Rewrite(
            location,
            _text(value.get("method")),
            _text(value.get("uri")),
            _text(value.get("strip_path_prefix")),
            _text(value.get("strip_path_suffix")),
            tuple(map(_substitution, tables(value.get("uri_substring")))),
            tuple(map(_substitution, tables(value.get("path_regexp")))),
            "a change of the query" if value.get("query") else "",
        )

    def _reverse_proxy(self, value: Mapping[str, Any], location: Location) -> Handler:
        balancing = table(table(value.get("load_balancing")).get("selection_policy"))
        dynamic = table(value.get("dynamic_upstreams"))
        upstreams = tables(value.get("upstreams"))
        looked_up = next((_text(each.get("lookup_srv")) for each in upstreams if each.get("lookup_srv")), "")
        return ReverseProxy(
            location,
            tuple(
                Upstream(_text(each.get("dial")), self._at(each, location)) for each in upstreams if each.get("dial")
            ),
            _text(dynamic.get("source")) or looked_up,
            _text(balancing.get("policy")),
            _text(balancing.get("field") or balancing.get("name") or balancing.get("key")),
            _changes(table(value.get("headers")).get("request")),
            self._rewrite(value["rewrite"], location) if isinstance(value.get("rewrite"), Mapping) else None,
            strings(value.get("trusted_proxies")),
            _transport(table(value.get("transport"))),
            seconds(value.get("stream_timeout")),
            tuple(self._intercepted(each, location) for each in tables(value.get("handle_response"))),
        )

    def _intercepted(self, value: Mapping[str, Any], location: Location) -> Intercepted:
        match = table(value.get("match"))
        codes = match.get("status_code")
        statuses = tuple(each for each in codes if isinstance(each, int)) if isinstance(codes, list) else ()
        return Intercepted("match" in value, statuses, self._routes(value.get("routes"), location))


_HANDLERS: Mapping[str, Callable[[_Builder, Mapping[str, Any], Location], Handler]] = {
    "subroute": _Builder._subroute,
    "static_response": _Builder._static_response,
    "error": _Builder._error,
    "metrics": _Builder._metrics,
    "file_server": _Builder._file_server,
    "vars": _Builder._vars,
    "map": _Builder._map,
    "authentication": _Builder._authentication,
    "invoke": _Builder._invoke,
    "headers": _Builder._headers,
    "rewrite": _Builder._rewrite,
    "reverse_proxy": _Builder._reverse_proxy,
}


def _substitution(value: Mapping[str, Any]) -> Substitution:
    limit = value.get("limit")
    return Substitution(_text(value.get("find")), _text(value.get("replace")), limit if isinstance(limit, int) else 0)


def _changes(value: Any) -> Changes:
    settings = table(value)
    added = table(settings.get("add"))
    replaced = table(settings.get("replace"))
    return Changes(
        tuple((name, text) for name, values in added.items() for text in strings(values)),
        tuple((name, ",".join(strings(values))) for name, values in table(settings.get("set")).items()),
        strings(settings.get("delete")),
        tuple((name, _replacement(each)) for name, values in replaced.items() for each in tables(values)),
    )


def _replacement(value: Mapping[str, Any]) -> Replacement:
    regex = _text(value.get("search_regexp"))
    return Replacement(regex or _text(value.get("search")), _text(value.get("replace")), bool(regex))


def _transport(value: Mapping[str, Any]) -> Transport:
    return Transport(
        _text(value.get("protocol")) or "http",
        isinstance(value.get("tls"), Mapping),
        strings(value.get("versions")),
        value.get("compression") is not False,
        seconds(value.get("read_timeout")),
        seconds(value.get("response_header_timeout")),
        strings(table(value.get("tls")).get("except_ports")),
    )
