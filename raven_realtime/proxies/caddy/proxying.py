"""reverse_proxy: what an upstream gets (https://caddyserver.com/docs/caddyfile/directives/reverse_proxy)."""

from __future__ import annotations

import re
from dataclasses import field, replace
from types import MappingProxyType

from raven_realtime.proxies.caddy.exchange import Exchange, within
from raven_realtime.proxies.caddy.headers import Changes, Fields
from raven_realtime.proxies.caddy.rewriting import Rewrite
from raven_realtime.proxies.caddy.routes import Route, run
from raven_realtime.proxies.caddy.unknown import NotKnown
from raven_realtime.proxies.caddy.versions import ADDS_VIA, ASSUMED, HOST_OF_HTTPS_UPSTREAM, SENDS_NO_INVALID_HOST
from raven_realtime.proxies.interface import Affinity, Answered, Consulted, Outcome, Passed, Request
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

HOP_BY_HOP = (
    "Alt-Svc",
    "Connection",
    "Proxy-Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Te",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
)
"""Headers between two neighbours only, which are not sent on."""
_NOT_IN_HOSTS = re.compile(r"""[\x00-\x20"#/<>?@\\^`{|}\x7f]""")


@record
class Upstream:
    """A server to pass requests on to."""

    dial: str
    """``host:port`` or ``unix//path``; placeholders may be in it."""
    location: Location


@record
class Transport:
    """How upstreams are spoken to."""

    protocol: str = "http"
    """``http``, ``fastcgi``, or a plugin's."""
    tls: bool = False
    versions: tuple[str, ...] = ()
    """Of HTTP, such as ``h2c``; empty for 1.1, and 2 over TLS."""
    compression: bool = True
    """Whether a request that accepts no encoding accepts gzip on its way."""
    read_seconds: float | None = None
    answer_seconds: float | None = None
    """How long the headers of an answer may take."""
    except_ports: tuple[str, ...] = ()
    """Ports that are spoken to without TLS in spite of ``tls``."""


@record
class Intercepted:
    """What is done with an answer of the upstream before it is sent back."""

    matched: bool
    """Whether it is for some answers only."""
    statuses: tuple[int, ...]
    """Those answers' statuses; one of a single digit is a whole class."""
    routes: tuple[Route, ...]

    @property
    def takes_success(self) -> bool:
        """Whether it is for answers that say yes."""
        return not self.matched or any(status == 2 or 200 <= status <= 299 for status in self.statuses)


@record
class ReverseProxy:
    """A reverse proxy to some upstreams."""

    location: Location
    upstreams: tuple[Upstream, ...] = ()
    dynamic: str = ""
    """The source of dynamic upstreams."""
    policy: str = ""
    """By which an upstream is chosen; empty for Caddy's own choice, random."""
    policy_by: str = ""
    """What the policy looks at: a header's name, a cookie's."""
    headers: Changes = field(default_factory=Changes)
    rewrite: Rewrite | None = None
    trusted: tuple[str, ...] = ()
    """Networks of proxies whose X-Forwarded headers are kept."""
    transport: Transport = field(default_factory=Transport)
    stream_seconds: float | None = None
    """How long a WebSocket may last."""
    intercepted: tuple[Intercepted, ...] = ()

    responds = True

    @property
    def asks(self) -> bool:
        """Whether it only asks whether the request may pass: what says yes is followed by the next handler."""
        return any(
            each.takes_success
            and each.routes
            and not any(handler.responds for route in each.routes for handler in route.handlers)
            for each in self.intercepted
        )

    def handle(self, exchange: Exchange) -> Outcome | None:
        """Pass the request on, or ask the upstream whether it may pass."""
        try:
            return self._asked(exchange) if self.asks else self._passed(exchange)
        except NotKnown as unknown:
            raise NotKnown(unknown.why, unknown.location or self.location) from unknown

    def _asked(self, exchange: Exchange) -> Outcome | None:
        aside = _aside(exchange)
        if self.rewrite:
            self.rewrite.apply(aside)
        addresses = [] if self.dynamic else self._addresses(aside)
        if addresses:
            self._placeholders(aside, addresses)
        address = ", ".join(addresses) or self.dynamic
        exchange.frozen = exchange.shown
        exchange.consulted.append(Consulted(address + aside.url.escaped, self.location))
        why = f"it comes from the answer of {address}"
        for each in self.intercepted:
            if each.takes_success:
                for name in _copied(each.routes):
                    exchange.at_run_time[name] = why
                outcome = run(_unconditional(each.routes), exchange)
                if outcome:
                    return outcome
                break
        return None

    def _addresses(self, exchange: Exchange) -> list[str]:
        if self.dynamic:
            raise NotKnown(f"its upstreams are dynamic: {self.dynamic}")
        found = []
        for upstream in self.upstreams:
            try:
                found.append(_address(exchange.fill(upstream.dial)))
            except NotKnown as unknown:
                raise NotKnown(unknown.why, upstream.location) from unknown
        return found

    def _passed(self, exchange: Exchange) -> Outcome:
        sent = _aside(exchange)
        if self.rewrite:
            self.rewrite.apply(sent)
        addresses = self._addresses(sent)
        if not addresses:
            return Answered(503, "it has no upstream", self.location, assumed=tuple(exchange.assumed))
        upgrade = _without_hops(sent.headers)
        if upgrade:
            sent.headers.set("Connection", "Upgrade")
            sent.headers.set("Upgrade", upgrade)
            if self._is_http2:
                return Answered(502, "an upstream that speaks HTTP/2 alone takes no Upgrade", self.location)
        self._forwarded(sent)
        if sent.version >= ADDS_VIA:
            sent.headers.add("Via", f"{'2.0' if sent.request.version == '2' else sent.request.version} Caddy")
        self._placeholders(sent, addresses)
        self._default_host(sent)
        sent.change_headers(self.headers)
        self._accept_encoding(sent)
        if not sent.host and len(addresses) > 1:
            sent.unknown["host"] = f"it is the address of one of {len(addresses)} upstreams"
        affinity, by = self._affinity(len(addresses))
        return Passed(
            to=tuple(addresses),
            request=self._request(sent, addresses),
            location=self.location,
            unknown=MappingProxyType(dict(sent.unknown)),
            relays_upgrade=self.transport.protocol == "http" and not self._is_http2,
            idle_seconds=self._idle(bool(upgrade), exchange.write_seconds),
            affinity=affinity,
            by=by,
            consulted=tuple(exchange.consulted),
            assumed=tuple(sent.assumed),
        )

    @property
    def _is_http2(self) -> bool:
        return "h2c" in self.transport.versions or self.transport.versions == ("2",)

    def _request(self, sent: Exchange, addresses: list[str]) -> Request:
        ports = {address.rpartition(":")[2] for address in addresses if not address.startswith("unix:")}
        port = int(next(iter(ports))) if len(ports) == 1 and next(iter(ports)).isdecimal() else None
        host = sent.host or addresses[0]
        if sent.version >= SENDS_NO_INVALID_HOST and self.transport.protocol == "http" and _NOT_IN_HOSTS.search(host):
            host = ""
        return Request(
            host=host,
            target=sent.url.target,
            method=sent.method,
            headers=tuple((name, _on_one_line(value)) for name, value in sent.headers.pairs),
            tls=self.transport.tls and str(port) not in self.transport.except_ports,
            port=port,
            client="",
            version="2" if self._is_http2 else "1.1",
        )

    def _forwarded(self, sent: Exchange) -> None:
        """Set X-Forwarded-*: what stands there already counts only if it comes from a trusted proxy."""
        trusted = sent.trusted or within(sent.peer, self.trusted)

        def prior(name: str, separator: str | None) -> str:
            values = sent.header(name) if trusted else []
            return separator.join(values) if separator else (values or [""])[-1]

        before = prior("X-Forwarded-For", ", ")
        proto = prior("X-Forwarded-Proto", None) or ("https" if sent.request.tls else "http")
        host = prior("X-Forwarded-Host", None) or sent.host
        for name, value in (
            ("X-Forwarded-For", f"{before}, {sent.peer}" if before else sent.peer),
            ("X-Forwarded-Proto", proto),
            ("X-Forwarded-Host", host),
        ):
            sent.headers.set(name, value)
            sent.unknown.pop(name.lower(), None)
        if "host" in sent.unknown and not prior("X-Forwarded-Host", None):
            sent.unknown["x-forwarded-host"] = sent.unknown["host"]

    def _placeholders(self, sent: Exchange, addresses: list[str]) -> None:
        names = [f"http.reverse_proxy.upstream.{name}" for name in ("address", "hostport", "host", "port")]
        for name in names:
            sent.static.pop(name, None)
            sent.at_run_time.pop(name, None)
        if len(addresses) > 1:
            sent.at_run_time.update(dict.fromkeys(names, f"there are {len(addresses)} upstreams"))
            return
        address = addresses[0]
        host, _, port = address.rpartition(":")
        if address.startswith("unix:"):
            host, port = address.removeprefix("unix:"), ""
            address = host
        values = (address, address, host.strip("[]"), port)
        sent.static.update(zip(names, values, strict=True))

    def _default_host(self, sent: Exchange) -> None:
        """Keep the client's Host, as all versions before 2.11 do, and later ones unless TLS is spoken."""
        if not self.transport.tls or self.transport.protocol != "http":
            return
        if sent.version >= HOST_OF_HTTPS_UPSTREAM:
            sent.change_headers(Changes(set=(("Host", "{http.reverse_proxy.upstream.hostport}"),)))
        elif sent.version == ASSUMED and not any(name.lower() == "host" for name, _ in self.headers.set):
            sent.assume("Caddy is older than 2.11, which sends an https upstream its own address as Host")

    def _accept_encoding(self, sent: Exchange) -> None:
        """Accept gzip for who accepts nothing, as Go's transport does."""
        given = sent.headers.first("Accept-Encoding") or sent.headers.first("Range")
        if self.transport.compression and self.transport.protocol == "http" and not given and sent.method != "HEAD":
            sent.headers.set("Accept-Encoding", "gzip")

    def _idle(self, upgrade: bool, write_seconds: float | None) -> float | None:
        others = (self.stream_seconds,) if upgrade else (self.transport.answer_seconds, write_seconds)
        return min((limit for limit in (self.transport.read_seconds, *others) if limit), default=None)

    def _affinity(self, count: int) -> tuple[Affinity, str]:
        if count < 2:
            return Affinity.NONE, ""
        match self.policy:
            case "ip_hash" | "client_ip_hash":
                return Affinity.ADDRESS, ""
            case "cookie":
                return Affinity.COOKIE, self.policy_by or "lb"
            case "header" | "query":
                return Affinity.OTHER, f"the {self.policy} {self.policy_by}"
            case "uri_hash":
                return Affinity.OTHER, "the URI"
            case "first":
                return Affinity.OTHER, "the first server that is up"
        return Affinity.NONE, ""


def _on_one_line(value: str) -> str:
    """Write a header's value as Go sends it."""
    return value.replace("\n", " ").replace("\r", " ").strip(" \t")


def _aside(exchange: Exchange) -> Exchange:
    """Return a request of its own, whose changes later handlers do not see."""
    copy = replace(
        exchange,
        url=exchange.url.copy(),
        unknown=dict(exchange.unknown),
        seen=exchange,
    )
    copy.method, copy.host, copy.original = exchange.method, exchange.host, exchange.original
    copy.headers = Fields(tuple(exchange.headers.pairs))
    return copy


def _without_hops(headers: Fields) -> str:
    """Remove the headers between neighbours, and return what the client wants to upgrade to."""
    wanted = headers.first("Upgrade").lower() if headers.has_token("Connection", "upgrade") else ""
    trailers = headers.has_token("Te", "trailers")
    for value in headers.values("Connection"):
        for name in value.split(","):
            headers.delete(name.strip())
    for name in HOP_BY_HOP:
        headers.delete(name)
    if trailers:
        headers.set("Te", "trailers")
    return wanted


def _address(dial: str) -> str:
    """Write a network address of Caddy's as ``host:port`` or ``unix:/path``."""
    network, slash, rest = dial.partition("/")
    if slash and network.startswith("unix"):
        return f"unix:{rest.partition('|')[0]}"
    return rest if slash else dial


def _copied(routes: tuple[Route, ...]) -> set[str]:
    """Return the placeholders of an answer's headers that its routes use."""
    found: set[str] = set()
    for route in routes:
        for handler in route.handlers:
            changes = getattr(handler, "request", None)
            if isinstance(changes, Changes):
                values = (value for _, value in (*changes.set, *changes.add))
                found |= {value[1:-1] for value in values if value.startswith("{http.reverse_proxy.header.")}
    return found


def _unconditional(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Return routes without their matchers: whether an answer has a header is not known."""
    return tuple(replace(route, matchers=()) for route in routes)
