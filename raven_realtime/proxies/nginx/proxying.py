"""What ``proxy_pass`` sends: the upstream, the request line and the headers (ngx_http_proxy_create_request)."""

from __future__ import annotations

from dataclasses import field

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.escaping import escape, wire
from raven_realtime.proxies.nginx.exchange import Exchange
from raven_realtime.proxies.nginx.missing import left_open, why
from raven_realtime.proxies.nginx.regex import Undecided
from raven_realtime.proxies.nginx.variables import expand, variables_in
from raven_realtime.proxies.nginx.versions import KEEPS_CONNECTIONS
from raven_realtime.proxies.record import record

_DEFAULTS = (("Host", "$proxy_host"),)
_CLOSING = ("Connection", "close")
_NEVER_PASSED = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "te", "keep-alive", "expect", "upgrade"}
)
_PORTS = {"http": 80, "https": 443}


@record
class Proxied:
    """A request as the upstream gets it."""

    scheme: str
    upstream: str
    """What proxy_pass names: ``host:port``, or an upstream block."""
    servers: tuple[str, ...]
    """The addresses behind it: those of the upstream block, or ``upstream`` itself."""
    method: str
    uri: str
    """Path and query of the request line."""
    version: str
    headers: tuple[tuple[str, str], ...]
    block: Directive | None = None
    """The upstream block, where it names one."""
    undecided: tuple[tuple[str, str], ...] = field(default=())
    """Headers whose values are only known when nginx runs: name and why."""


def proxied(directive: Directive, exchange: Exchange) -> Proxied:
    """Return what the upstream gets.

    Raises:
        Undecided: the upstream or the path is only known when nginx runs.
    """
    target = directive.args[0]
    scheme, _, rest = expand(target, exchange).partition("://")
    if not rest or scheme not in _PORTS:
        raise Undecided(f"proxy_pass {target} at {directive.place} names no http or https address")
    at = len(rest) if rest.startswith("unix:") else min(rest.find(mark) % (len(rest) + 1) for mark in "/?")
    if rest.startswith("unix:"):
        host, _, path = rest.removeprefix("unix:").partition(":")
        host = f"unix:{host}"
    else:
        host, path = rest[:at], rest[at:]
    default_port = f":{_PORTS[scheme]}"
    exchange.variables["$proxy_host"] = "localhost" if host.startswith("unix:") else host.removesuffix(default_port)
    exchange.variables["$proxy_port"] = host.rpartition(":")[2] if ":" in host else default_port[1:]
    block = exchange.definitions.upstreams.get(host)
    servers = _servers(block) if block else (host,)
    headers, undecided = _headers(exchange)
    return Proxied(
        scheme=scheme,
        upstream=host,
        servers=servers,
        method=expand(exchange.value("proxy_method", exchange.method), exchange),
        uri=_uri(path, exchange, in_variables=variables_in(target)),
        version=f"HTTP/{_version(exchange)}",
        headers=headers,
        block=block,
        undecided=undecided,
    )


def _version(exchange: Exchange) -> str:
    """Return the version that the upstream is spoken to in; where that cannot be told, the one that leaves all open."""
    default = "1.1" if _keeps_connections(exchange) else "1.0"
    return "1.1" if left_open(exchange.levels, "proxy_http_version") else exchange.value("proxy_http_version", default)


def _keeps_connections(exchange: Exchange) -> bool:
    return exchange.definitions.version >= KEEPS_CONNECTIONS


_OUT_OF_USE = {"down", "backup"}


def _servers(block: Directive) -> tuple[str, ...]:
    """Return the addresses of an upstream block that requests go to while all is well (ngx_http_upstream_module).

    Raises:
        Undecided: there is none.
    """
    servers = tuple(
        server.args[0] for server in block.children("server") if server.args and _OUT_OF_USE.isdisjoint(server.args)
    )
    if not servers:
        raise Undecided(f"upstream {' '.join(block.args)} at {block.place} has no server that is in use")
    return servers


def _uri(path: str, exchange: Exchange, *, in_variables: bool) -> str:
    """Return the request target: proxy_pass's own URI in the place of the location's, or the request's."""
    if in_variables and path:
        return path if path.startswith("/") else f"/{path}"
    if not path and exchange.valid_unparsed_uri:
        return wire(exchange.request.target)
    skip = len(exchange.location[-1].name) if exchange.valid_location and path and exchange.location else 0
    rest = exchange.uri[skip:]
    if exchange.quoted_uri or exchange.internal:
        rest = escape(rest)
    return (path if exchange.valid_location else "") + rest + (f"?{exchange.args}" if exchange.args else "")


def _headers(exchange: Exchange) -> tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]:
    """Return the headers that are sent, and those whose values cannot be told.

    nginx evaluates all of them twice, for their lengths and for their values; a map's regular expression that matches
    in the first round changes ``$1`` for the second.
    """
    # nginx refuses more or fewer words; a text that is read unchecked may have them
    given = exchange.effective("proxy_set_header")
    unread = left_open(exchange.levels, "proxy_set_header")
    wanted = [(each.args[0], each.args[1]) for each in given if len(each.args) == 2]
    named = {name.lower() for name, _ in wanted}
    # what is not here to be read sets Host, most likely, and to what the browser asked for
    own = _DEFAULTS if _keeps_connections(exchange) else (*_DEFAULTS, _CLOSING)
    defaults = (("Host", "$http_host"),) if unread else own
    wanted += [(name, value) for name, value in defaults if name.lower() not in named]
    undecided = [("*", why(unread))] if unread else []
    room: list[tuple[str, str, int]] = []
    for name, text in wanted:
        try:
            if length := len(expand(text, exchange)):
                room.append((name, text, length))
        except Undecided as unknown:
            undecided.append((name, str(unknown)))
    sent = [(name, expand(text, exchange)) for name, text, _ in room]
    for (name, text, length), (_, value) in zip(room, sent, strict=True):
        if len(value) > length:
            raise Undecided(
                f"proxy_set_header {name} {text} grows while nginx evaluates it, because a map changes its captures: "
                "patched versions answer 500, others write beyond their buffer"
            )
    if exchange.is_on("proxy_pass_request_headers", default=True):
        skipped = named | _NEVER_PASSED
        sent += [(name, value) for name, value in exchange.headers_in() if name.lower() not in skipped]
    if exchange.is_on("proxy_pass_request_body", default=True) and "content-length" not in named:
        sent += [("Content-Length", value) for value in exchange.request.values("Content-Length")]
    return tuple(sent), tuple(undecided)
