"""Caddy 1: its ``proxy`` directive, and sites with it.

It has been out of support since 2020, and its documentation is gone from the web. The rules are those of its last
release, v1.0.4 of github.com/caddyserver/caddy: caddyhttp/proxy/upstream.go and caddyhttp/proxy/proxy.go.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from raven_realtime.proxies.caddy.exchange import Exchange, host_of
from raven_realtime.proxies.caddy.headers import Changes, canonical, operation
from raven_realtime.proxies.caddy.matchers import Matcher
from raven_realtime.proxies.caddy.order import sort
from raven_realtime.proxies.caddy.proxy_syntax import dials
from raven_realtime.proxies.caddy.proxying import HOP_BY_HOP
from raven_realtime.proxies.caddy.regex import substitute
from raven_realtime.proxies.caddy.responding import FileServer
from raven_realtime.proxies.caddy.routes import Handler, Route
from raven_realtime.proxies.caddy.servers import HTTP, HTTPS, Address, Server
from raven_realtime.proxies.caddy.sites import Key
from raven_realtime.proxies.caddy.tree import Directive, File, Site
from raven_realtime.proxies.caddy.unknown import NotKnown
from raven_realtime.proxies.interface import Affinity, Answered, Outcome, Passed, Request
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

ITS_OWN = {
    "proxy",
    "gzip",
    "fastcgi",
    "ext",
    "limits",
    "internal",
    "websocket",
    "markdown",
    "browse",
    "expvar",
    "pprof",
}
"""Directives that Caddy 1 has and Caddy 2 has not."""
QUIET = {
    "bind",
    "errors",
    "expvar",
    "gzip",
    "header",
    "index",
    "limits",
    "log",
    "maxrequestbody",
    "mime",
    "on",
    "pprof",
    "push",
    "request_id",
    "root",
    "shutdown",
    "startup",
    "timeouts",
    "tls",
}
"""Directives of Caddy 1 that decide nothing about who answers."""
KNOWN = {*ITS_OWN, *QUIET, "basicauth", "cgi", "import", "redir", "rewrite", "status", "templates"}
"""Every directive of Caddy 1."""

_AFTER_PROXY = {"fastcgi", "cgi", "websocket", "markdown", "browse", "templates"}
_PORT = 2015
"""Where a site without a name of its own is served."""
_UPGRADE = (("Connection", "{>Connection}"), ("Upgrade", "{>Upgrade}"))
_TRANSPARENT = (
    ("Host", "{host}"),
    ("X-Real-Ip", "{remote}"),
    ("X-Forwarded-For", "{remote}"),
    ("X-Forwarded-Proto", "{scheme}"),
    ("X-Forwarded-Port", "{server_port}"),
)


def is_caddy1(file: File) -> bool:
    """Whether a Caddyfile is written for Caddy 1: it has a directive of Caddy 1's, and none that only Caddy 2 has."""
    names = {line.name for site in file.sites for line in site.directives}
    return bool(names & ITS_OWN) and not file.options and all(name in KNOWN for name in names)


@record
class OldProxy:
    """A ``proxy`` directive."""

    location: Location
    source: str
    upstreams: tuple[tuple[str, bool, str], ...]
    """Address, whether TLS is spoken to it, and the path that is put in front."""
    headers: tuple[Changes, ...] = ()
    without: str = ""
    excepted: tuple[str, ...] = ()
    policy: str = ""

    @property
    def passes_upgrade(self) -> bool:
        """Whether Upgrade and Connection are sent on."""
        names = {canonical(name) for each in self.headers for name, _ in (*each.set, *each.add)}
        return {"Upgrade", "Connection"} <= names

    def takes(self, path: str) -> bool:
        """Whether it is for a path."""
        return path.startswith(self.source) and not any(path.startswith(each) for each in self.excepted)

    def handle(self, exchange: Exchange) -> Outcome:
        """Pass a request on."""
        if not self.upstreams:
            return Answered(502, "it has no upstream", self.location)
        if any("{" in address for address, _, _ in self.upstreams):
            raise NotKnown("an upstream is named by a variable", self.location)
        address, tls, base = self.upstreams[0]
        sent = exchange.headers
        before = sent.values("X-Forwarded-For")
        read = _Placeholders(exchange, dict(sent.pairs))
        for value in sent.values("Connection"):
            for name in value.split(","):
                sent.delete(name.strip())
        for name in HOP_BY_HOP:
            sent.delete(name)
        sent.set("X-Forwarded-For", ", ".join([*before, exchange.peer]))
        exchange.host = address
        for changes in self.headers:
            self._change(changes, exchange, read)
        if not sent.first("Accept-Encoding") and not sent.first("Range") and exchange.method != "HEAD":
            sent.set("Accept-Encoding", "gzip")
        url = exchange.url
        path = url.escaped.removeprefix(self.without) if self.without else url.escaped
        joined = f"{base.rstrip('/')}/{path.lstrip('/')}" if base or not path.startswith("/") else path
        ports = {each.rpartition(":")[2] for each, _, _ in self.upstreams}
        several = len(self.upstreams) > 1
        unknown = dict(exchange.unknown)
        if several and exchange.host == address:
            unknown["host"] = f"it is the address of one of {len(self.upstreams)} upstreams"
        return Passed(
            to=tuple(each for each, _, _ in self.upstreams),
            request=Request(
                host=exchange.host,
                target=joined + ("?" + url.query if url.query else ""),
                method=exchange.method,
                headers=tuple(sent.pairs),
                tls=tls,
                port=int(next(iter(ports))) if len(ports) == 1 and next(iter(ports)).isdecimal() else None,
                client="",
            ),
            location=self.location,
            unknown=MappingProxyType(unknown),
            relays_upgrade=self.passes_upgrade,
            affinity=self._affinity if several else Affinity.NONE,
            by=self.policy if several and self._affinity is Affinity.OTHER else "",
            assumed=tuple(exchange.assumed),
        )

    @property
    def _affinity(self) -> Affinity:
        if self.policy == "ip_hash":
            return Affinity.ADDRESS
        return Affinity.OTHER if self.policy.partition(" ")[0] in ("header", "uri_hash", "first") else Affinity.NONE

    def _change(self, changes: Changes, exchange: Exchange, read: _Placeholders) -> None:
        headers = exchange.headers
        for name in changes.delete:
            headers.delete(name)
        for name, value in changes.add:
            headers.add(name, read.fill(value))
        for name, replacement in changes.replace:
            texts = [
                substitute(replacement.search, read.fill(replacement.replace), text) for text in headers.values(name)
            ]
            headers.delete(name)
            for text in texts:
                headers.add(name, text)
        for name, value in changes.set:
            try:
                filled = read.fill(value)
            except NotKnown as why:
                exchange.unknown[name.lower()] = why.why
                filled = value
            if filled and canonical(name) == "Host":
                exchange.host = filled
            elif filled:
                headers.set(name, filled)


class _Placeholders:
    """Caddy 1's placeholders, of the request as it came in."""

    def __init__(self, exchange: Exchange, headers: Mapping[str, str]) -> None:
        self._headers = headers
        request = exchange.request
        port = request.port or (HTTPS if request.tls else HTTP)
        self._values = {
            "host": exchange.host,
            "hostonly": host_of(exchange.host),
            "remote": exchange.peer,
            "scheme": "https" if request.tls else "http",
            "server_port": str(port),
            "method": exchange.method,
            "path": exchange.url.path,
            "uri": exchange.url.target,
            "rewrite_uri": exchange.url.target,
            "query": exchange.url.query,
        }

    def fill(self, text: str) -> str:
        """Replace placeholders.

        Raises:
            NotKnown: one is not followed.
        """

        def value(found: re.Match[str]) -> str:
            name = found[1]
            if name.startswith(">"):
                return self._headers.get(canonical(name[1:]), "")
            if name not in self._values:
                raise NotKnown(f"{{{name}}} is only known while Caddy runs")
            return self._values[name]

        return re.sub(r"\{([^}]*)\}", value, text)


@record
class OldSite:
    """A site of Caddy 1: before its proxies others may answer, after them files are served."""

    location: Location
    before: tuple[Directive, ...]
    proxies: tuple[OldProxy, ...]
    after: tuple[Directive, ...]
    responds: bool = field(default=True)

    def handle(self, exchange: Exchange) -> Outcome:
        """Tell who answers."""
        path = exchange.url.path
        for line in self.before:
            if line.name == "basicauth" and _basicauth_for(line, path):
                if exchange.headers.first("Authorization"):
                    raise NotKnown("it asks for a password, and whether this one is right is not known", line.location)
                return Answered(401, "it asks for a password", line.location)
            if line.name != "basicauth":
                raise NotKnown(f"the directive {line.name} is not followed in a Caddyfile of Caddy 1", line.location)
        chosen = max(
            (each for each in self.proxies if each.takes(path)), key=lambda each: len(each.source), default=None
        )
        if chosen:
            return chosen.handle(exchange)
        for line in self.after:
            raise NotKnown(f"the directive {line.name} is not followed in a Caddyfile of Caddy 1", line.location)
        return FileServer(self.location).handle(exchange) or Answered(404, "no such file", self.location)


def _basicauth_for(line: Directive, path: str) -> bool:
    words = line.arguments
    named = [each.name for each in line.lines if each.name.startswith("/")]
    paths = [words[0]] if len(words) == 3 else named
    return not paths or any(path.startswith(each) for each in paths)


def servers(file: File) -> tuple[Server, ...]:
    """Return the servers of a Caddyfile of Caddy 1.

    Raises:
        Unreadable: an address is malformed.
    """
    found: dict[tuple[int, bool], list[tuple[Key, Site]]] = {}
    for site in file.sites:
        words = next((line.arguments for line in site.directives if line.name == "tls"), None)
        for token in site.addresses:
            key = Key.parse(token)
            listens = _listens(key, words)
            if listens:
                found.setdefault(listens, []).append((key, site))
    return tuple(
        Server(
            (Address(port, port, "", sites[0][0].location),),
            tuple(_route(key, site) for key, site in sort(sites, _before)),
            sites[0][0].location,
            tls=tls,
            automatic=tls,
        )
        for (port, tls), sites in found.items()
    )


def _listens(key: Key, words: tuple[str, ...] | None) -> tuple[int, bool] | None:
    """Return port and TLS of a site: names of the public get TLS by themselves."""
    if key.port and not key.port.isdecimal():
        return None
    plain = key.scheme == "http" or key.port == str(HTTP) or (words or ("",))[0] == "off"
    tls = not plain and (key.scheme == "https" or words is not None or _is_public(key.host))
    if key.port:
        return int(key.port), tls
    if tls:
        return HTTPS, True
    return (HTTP if key.scheme == "http" or _is_public(key.host) else _PORT), False


def _is_public(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(host) and host != "localhost" and not host.endswith(".localhost")
    return False


def _before(one: tuple[Key, Site], other: tuple[Key, Site]) -> bool:
    def rank(key: Key) -> tuple[bool, bool, int, int]:
        return bool(key.host), "*" not in key.host, len(key.host), len(key.path)

    return rank(one[0]) > rank(other[0])


def _route(key: Key, site: Site) -> Route:
    matchers = []
    if key.host:
        matchers.append(Matcher("host", (key.host,), key.location))
    if key.path:
        matchers.append(Matcher("path", (key.path.rstrip("/") + "*",), key.location))
    lines = [line for line in site.directives if line.name not in QUIET and line.name != "proxy"]
    handler: Handler = OldSite(
        site.location,
        tuple(line for line in lines if line.name not in _AFTER_PROXY),
        tuple(_proxy(line) for line in site.directives if line.name == "proxy" and line.arguments),
        tuple(line for line in lines if line.name in _AFTER_PROXY),
    )
    return Route((tuple(matchers),) if matchers else (), (handler,), site.location, terminal=True)


def _proxy(line: Directive) -> OldProxy:
    addresses = list(line.arguments[1:])
    changes: list[Changes] = []
    without, policy = "", ""
    excepted: tuple[str, ...] = ()
    for each in line.lines:
        words = each.arguments
        match each.name:
            case "websocket":
                changes.append(Changes(set=_UPGRADE))
            case "transparent":
                changes.append(Changes(set=_TRANSPARENT))
            case "header_upstream" if words:
                name, value, replacement = (*words, "", "", "")[:3]
                changes.append(operation(name, value, replacement))
            case "upstream":
                addresses += words
            case "without":
                without = "".join(words[:1])
            case "except":
                excepted = words
            case "policy":
                policy = " ".join(words)
    upstreams = tuple(each for address in addresses for each in _upstreams(address))
    return OldProxy(line.location, line.arguments[0], upstreams, tuple(changes), without, excepted, policy)


def _upstreams(address: str) -> list[tuple[str, bool, str]]:
    if address.startswith("unix:"):
        return [(address, False, "")]
    scheme, separator, rest = address.partition("://")
    scheme, rest = (scheme, rest) if separator else ("http", address)
    hostport, slash, path = rest.partition("/")
    tls = scheme in ("https", "quic")
    usual = "443" if tls else "80"
    return [(each, tls, slash + path) for each in dials(hostport, usual)]
