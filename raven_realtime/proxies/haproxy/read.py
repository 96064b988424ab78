"""Read haproxy.cfg, and tell what HAProxy makes of a request.

The rules are those of HAProxy's configuration manual, which comes with the program as configuration.txt.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from ipaddress import ip_address, ip_network
from types import MappingProxyType

from raven_realtime.proxies.haproxy import rules
from raven_realtime.proxies.haproxy.conditions import holds
from raven_realtime.proxies.haproxy.entrances import entrances
from raven_realtime.proxies.haproxy.exchange import Exchange
from raven_realtime.proxies.haproxy.formats import evaluate
from raven_realtime.proxies.haproxy.listeners import Bound, bound, choose
from raven_realtime.proxies.haproxy.sections import KINDS, PROXIES, Section, sections
from raven_realtime.proxies.haproxy.servers import Server, affinity, available, servers, target
from raven_realtime.proxies.haproxy.unknown import Unknown
from raven_realtime.proxies.haproxy.words import Line, lines, shown
from raven_realtime.proxies.interface import Answered, Entrance, Outcome, Passed, Request, Undecided
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

_TELLING = (
    *(
        "acl",
        "balance",
        "bind",
        "cookie",
        "default_backend",
        "default-server",
        "http-request",
        "http-response",
        "maxconn",
    ),
    *("mode", "option", "retries", "server", "server-template", "stats", "stick-table", "tcp-request", "timeout"),
    *("use_backend", "use-server", "log", "chroot", "daemon", "user", "group", "errorfile", "redirect", "stick"),
)
"""Keywords of which most lines of a haproxy.cfg begin with one."""
_FEWEST = {"daemon": 0, "server": 2, "server-template": 3}
"""How many words must at least follow some of them; one follows the others."""


def is_haproxy(text: str) -> bool:
    """Tell by its content whether a text is a configuration of HAProxy, or a part of one that has a proxy."""
    if text.startswith("#!"):
        return False
    try:
        found = lines(text, "")
    except Unreadable:
        return False
    words = [line.words for line in found if not line.keyword.startswith(".")]
    if not words or words[0][0] not in KINDS or any(each[-1] in ("{", "};") for each in words):
        return False
    openings = [each for each in words if each[0] in KINDS]
    body = [each for each in words if each[0] not in KINDS]
    named = all(1 < len(each) <= 5 for each in openings if each[0] in PROXIES)
    proxies = any(each[0] in (*PROXIES, "defaults") for each in openings)
    telling = sum(each[0] in _TELLING and len(each) > _FEWEST.get(each[0], 1) for each in body)
    return named and proxies and telling >= max(1, len(body) * 0.6)


def read(text: str, name: str, *, files: Mapping[str, str] | None = None, version: str = "") -> HAProxy:
    """Read a configuration.

    Args:
        text: what stands in haproxy.cfg.
        name: what findings call the file.
        files: other files by path: maps, and lists of values of ACLs.
        version: HAProxy's, such as ``2.6.12``; a current one if empty.

    Raises:
        Unreadable: the file is malformed.
    """
    return HAProxy(name=name, sections=sections(text, name), files=MappingProxyType(dict(files or {})), version=version)


@record
class HAProxy:
    """A configured HAProxy."""

    name: str
    sections: tuple[Section, ...]
    files: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    version: str = ""
    kind: str = "haproxy"

    @property
    def location(self) -> Location:
        """The file."""
        return Location(self.name)

    @cached_property
    def listeners(self) -> tuple[Bound, ...]:
        """All listeners, in the order of the file."""
        return tuple(
            each for section in self.sections if section.accepts and not section.disabled for each in bound(section)
        )

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the names that it answers for, in the order of its file."""
        return tuple(entrance for each in self.listeners for entrance in entrances(each))

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        chosen = choose(self.listeners, request.port, tls=request.tls)
        if chosen is None:
            return Answered(None, f"nobody listens on port {request.port}" if request.port else "nobody listens")
        try:
            return self._handle(request, chosen)
        except Unknown as unknown:
            return Undecided(unknown.why, unknown.location or chosen.section.location)

    def _handle(self, request: Request, chosen: Bound) -> Outcome:
        for section in self.sections:
            for line in section.lines:
                if line.keyword == ".if":
                    raise Unknown("which lines hold depends on .if", line.location)
        frontend, listener = chosen.section, chosen.listener
        if listener.tls and not request.tls:
            return Answered(None, "an unencrypted request on an encrypted port", listener.location)
        exchange = Exchange.of(request, self.files, port=listener.port, proxied=chosen.proxied, tls=listener.tls)
        if refused := _refused(frontend, exchange):
            return refused
        if frontend.mode == "http":
            if request.tls and not listener.tls:
                return Answered(400, "an encrypted request on an unencrypted port", listener.location)
            if answered := _monitored(frontend, exchange) or rules.run(frontend, exchange):
                return answered
        backend = self._backend(frontend, exchange)
        if backend is None:
            return Answered(503, f"no backend is chosen in {frontend.kind} {frontend.name}", frontend.location)
        if "http" not in (frontend.mode, backend.mode):
            return _passed_bytes(request, frontend, backend, exchange)
        if backend is not frontend and (ended := _refused(backend, exchange) or rules.run(backend, exchange)):
            return ended
        return self._passed(request, frontend, backend, exchange)

    def _backend(self, frontend: Section, exchange: Exchange) -> Section | None:
        """Return the backend that a frontend chooses; None without one."""
        for line, acls in frontend.rules("use_backend"):
            what, when = rules.split(line.arguments)
            with rules.at(line):
                if not what or not holds(when, acls, exchange):
                    continue
                found = self._named(evaluate(what[0], exchange))
            if found:
                return found
            if "%" not in what[0]:
                raise Unknown(f"there is no backend {shown(what[0])}", line.location)
            break  # a name that was made up and means nothing leaves the default
        if line_of_default := frontend.last("default_backend"):
            name = frontend.setting("default_backend")
            if (found := self._named(name)) is None:
                raise Unknown(f"there is no backend {shown(name)}", line_of_default.location)
            return found
        return frontend if frontend.kind == "listen" else None

    def _named(self, name: str) -> Section | None:
        candidates = (section for section in self.sections if section.kind in ("backend", "listen"))
        return next((section for section in candidates if section.name == name), None)

    def _passed(self, request: Request, frontend: Section, backend: Section, exchange: Exchange) -> Outcome:
        chosen = _chosen(backend, exchange)
        if isinstance(chosen, Answered):
            return chosen
        if backend.option("http_proxy") or backend.option("transparent"):
            raise Unknown("the client itself says which server it wants", backend.location)
        if chosen[0].redirects:
            raise Unknown("the server's redirect is not followed", chosen[0].line.location)
        _forwarded_for(frontend, backend, exchange)
        if header := backend.setting("http-send-name-header"):
            exchange.remove(header)
            exchange.headers.append((header, chosen[0].name))
            if len(chosen) > 1:
                exchange.unknown[header.lower()] = "it names the server that is chosen"
        closes = _closes(backend) or _closes(frontend)
        old = bool(self.version) and _numbers(self.version) < (1, 5)
        upgrades = request.upgrades and not (closes and old)
        version = "2" if chosen[0].http2 and not upgrades else "1.0" if request.version == "1.0" else "1.1"
        _connection(exchange, version, closes=closes, upgrades=upgrades)
        kept, by = affinity(backend, servers(backend, exchange.port))
        ports = {server.port for server in chosen}
        return Passed(
            to=tuple(server.address for server in chosen),
            request=Request(
                host=next((value for name, value in exchange.headers if name.lower() == "host"), ""),
                target=exchange.target,
                method=exchange.method,
                headers=tuple(pair for pair in exchange.headers if pair[0].lower() != "host"),
                tls=chosen[0].tls,
                port=ports.pop() if len(ports) == 1 else None,
                client=request.client,
                version=version,
            ),
            location=chosen[0].line.location,
            unknown=MappingProxyType({name: why for name, why in exchange.unknown.items() if not name.startswith("%")}),
            relays_upgrade=not (closes and old),
            idle_seconds=_idle(frontend, backend, exchange, upgrades=request.upgrades),
            affinity=kept,
            by=by,
            assumed=tuple(exchange.assumed),
        )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]{1,6}", version)[:3])


def _refused(section: Section, exchange: Exchange) -> Answered | None:
    """Tell whether ``tcp-request`` rules end the connection."""
    unsure: Unknown | None = None
    for kind in ("connection", "session", "content"):
        for line, acls in section.rules("tcp-request"):
            what, when = rules.split(line.arguments)
            if len(what) < 2 or what[0] != kind or what[1] not in ("accept", "reject", "silent-drop"):
                continue
            try:
                if not holds(when, acls, exchange):
                    continue
            except Unknown as unknown:
                unsure = unsure or Unknown(unknown.why, line.location)
                if what[1] == "accept":
                    continue
                raise unsure from None
            if what[1] == "accept":
                break
            if unsure:
                raise unsure
            return Answered(None, f"tcp-request {kind} {what[1]}", line.location)
    return None


def _monitored(frontend: Section, exchange: Exchange) -> Answered | None:
    line = frontend.last("monitor-uri")
    if line is None or exchange.target != frontend.setting("monitor-uri"):
        return None
    return Answered(200, "monitor-uri", line.location)


def _chosen(backend: Section, exchange: Exchange) -> tuple[Server, ...] | Answered:
    """Return the servers that may get a request, or the answer when there is none."""
    found = servers(backend, exchange.port)
    for line, acls in backend.rules("use-server"):
        what, when = rules.split(line.arguments)
        with rules.at(line):
            if what and holds(when, acls, exchange):
                named = [server for server in found if server.name == evaluate(what[0], exchange)]
                if named and not named[0].disabled:
                    return (named[0],)
    if usable := available(backend, found):
        return usable
    if dispatch := backend.last("dispatch"):
        address, port = target(backend.setting("dispatch"), exchange.port, dispatch)
        return (Server("dispatch", address, port, False, False, False, "", False, False, dispatch),)
    return Answered(503, f"no server of {backend.kind} {backend.name} is in use", backend.location)


def _forwarded_for(frontend: Section, backend: Section, exchange: Exchange) -> None:
    """Add X-Forwarded-For where an option says so; HAProxy adds it as a line of its own, the last."""
    options = [line for section in (backend, frontend) if (line := section.option("forwardfor"))]
    if options:
        name = _after(options[0], "header") or "X-Forwarded-For"
        always = any("if-none" not in line.words for line in options)
        try:
            if (always or not exchange.has(name)) and not any(_excepted(line, exchange) for line in options):
                exchange.headers.append((name, exchange.source))
        except Unknown as unknown:
            exchange.headers.append((name, ""))
            exchange.unknown[name.lower()] = unknown.why
    if line := backend.option("originalto") or frontend.option("originalto"):
        name = _after(line, "header") or "X-Original-To"
        exchange.headers.append((name, ""))
        exchange.unknown[name.lower()] = "it is the address that the client came in by"
    if backend.option("forwarded"):
        exchange.remove("forwarded")
        exchange.headers.append(("Forwarded", ""))
        exchange.unknown["forwarded"] = "option forwarded is not written out here"


def _after(line: Line, word: str) -> str:
    words = line.words[:-1]
    return line.words[words.index(word) + 1] if word in words else ""


def _excepted(line: Line, exchange: Exchange) -> bool:
    network = _after(line, "except")
    if not network:
        return False
    try:
        return ip_address(exchange.source) in ip_network(network, strict=False)
    except ValueError:
        raise Unknown(f"the network {shown(network)} is not followed", line.location) from None


def _closes(section: Section) -> bool:
    names = ("httpclose", "forceclose", "http-server-close")
    return any(section.option(name) for name in names)


def _connection(exchange: Exchange, version: str, *, closes: bool, upgrades: bool) -> None:
    """Write the Connection header as HAProxy sends it on: what it says of keeping alive is HAProxy's own."""
    options = [
        option.strip()
        for value in exchange.lines("connection")
        for option in value.split(",")
        if option.strip().lower() not in ("keep-alive", "close", "")
    ]
    exchange.remove("connection")
    if version == "2":
        exchange.remove("upgrade")
        return
    if closes and not upgrades:
        options = [option for option in options if option.lower() != "upgrade"]
        options += ["close"] if version == "1.1" else []  # 1.0 means it without a word
    elif version == "1.0" and not options:
        options = ["keep-alive"]
    if options:
        exchange.headers.append(("Connection", ", ".join(options)))


def _idle(frontend: Section, backend: Section, exchange: Exchange, *, upgrades: bool) -> float | None:
    server = exchange.timeouts.get("server") or backend.timeout("server")
    if not upgrades:
        return server
    if tunnel := exchange.timeouts.get("tunnel") or backend.timeout("tunnel"):
        return tunnel
    client = exchange.timeouts.get("client") or frontend.timeout("client")
    return min((seconds for seconds in (client, server) if seconds), default=None)


def _passed_bytes(request: Request, frontend: Section, backend: Section, exchange: Exchange) -> Outcome:
    """Pass the bytes of a connection on as they are (``mode tcp``)."""
    chosen = _chosen(backend, exchange)
    if isinstance(chosen, Answered):
        return Answered(None, chosen.why, chosen.location)
    kept, by = affinity(backend, servers(backend, exchange.port))
    ports = {server.port for server in chosen}
    passed = Request(
        host=request.host,
        target=request.target,
        method=request.method,
        headers=request.headers,
        tls=chosen[0].tls or (request.tls and not exchange.tls),
        port=ports.pop() if len(ports) == 1 else None,
        client=request.client,
        version=request.version,
    )
    return Passed(
        to=tuple(server.address for server in chosen),
        request=passed,
        location=chosen[0].line.location,
        idle_seconds=_idle(frontend, backend, exchange, upgrades=True),
        affinity=kept,
        by=by,
    )
