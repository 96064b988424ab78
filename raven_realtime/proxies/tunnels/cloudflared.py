"""cloudflared, which carries what reaches Cloudflare's edge to local servers, by its ingress rules.

Sources: Cloudflare's documentation of ``config.yml``, ``originRequest`` and run parameters, and what the program does
with them (its packages ``ingress`` and ``proxy``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Protocol
from urllib.parse import unquote

import re2

from raven_realtime.proxies.interface import (
    Answered,
    Consulted,
    Entrance,
    Headers,
    Listener,
    Outcome,
    Passed,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.tunnels.address import Address, covers, host_of, read_address, split_url
from raven_realtime.proxies.tunnels.document import Element, Kind, read_yaml
from raven_realtime.proxies.tunnels.headers import UPGRADE, appended, end_to_end, replaced
from raven_realtime.proxies.tunnels.words import Arguments, arguments_of, program_at, words_of
from raven_realtime.proxies.unreadable import Unreadable

KIND = "cloudflared"

TLS_PORTS = (443, 2053, 2083, 2087, 2096, 8443)
"""Where Cloudflare's edge takes HTTPS."""
PLAIN_PORTS = (80, 8080, 8880, 2052, 2082, 2086, 2095)
"""Where Cloudflare's edge takes HTTP."""
EDGE_SECONDS = 100.0
"""How long Cloudflare's edge waits for an answer, or for the next message of a WebSocket."""

WEBSOCKET_SCHEMES = ("ws", "wss")
"""Schemes of services that are meant for WebSockets alone. Since 2021.4.0 cloudflared speaks plain HTTP to them too."""

_ADDED_BY_EDGE = MappingProxyType(
    {
        "cf-ray": "Cloudflare numbers each request",
        "cf-ipcountry": "Cloudflare looks the client's country up",
    }
)
_SWITCHES = (
    *("no-autoupdate", "hello-world", "bastion", "socks5", "no-tls-verify", "http2-origin", "no-chunked-encoding"),
    *("match-sni-to-host", "proxy-no-happy-eyeballs", "post-quantum", "pq", "overwrite-dns", "force", "f"),
)
_PORT_BEHIND = re.compile(r"[^:\[\]]*:[^:]*|\[.*\]:[^:]*")
_FOR_ACCESS_CLIENTS = "is for clients that run cloudflared access: a browser gets nothing from it"


class Pattern(Protocol):
    """A compiled regular expression."""

    def search(self, text: str) -> object:
        """Return a match anywhere in the text, or None."""


@record
class Rule:
    """A rule of ``ingress``: which requests, and where to."""

    hostname: str
    """Empty for all; may begin with ``*.``."""
    path: str
    """A regular expression that is found anywhere in the path; empty for all."""
    service: str
    """As it is written."""
    location: Location
    """The rule's first line."""
    service_location: Location
    address: Address | None = None
    """Where an HTTP service listens; None for the services of cloudflared's own."""
    pattern: Pattern | None = None
    host_header: str = ""
    """``httpHostHeader``: what Host becomes; empty where it stays."""
    host_header_location: Location | None = None
    http2: bool = False
    team: Consulted | None = None
    """Cloudflare Access, where the rule requires it."""

    @property
    def scheme(self) -> str:
        """The service's scheme: ``http``, ``ws``, ``unix``, ``http_status`` …; empty without one."""
        return self.service.partition(":")[0] if ":" in self.service else ""

    def matches(self, host: str, path: str) -> bool:
        """Tell whether the rule is for a host (without its port) and a path (decoded)."""
        if self.hostname and not covers(self.hostname, host):
            return False
        return self.pattern is None or self.pattern.search(path) is not None


@record
class Cloudflared:
    """A tunnel of Cloudflare's, with its rules."""

    name: str
    location: Location
    rules: tuple[Rule, ...] = ()
    """In order; empty where ``unknown`` tells why the rules are not known."""
    unknown: Undecided | None = None
    tunnel: str = ""
    """The tunnel's name or number; empty for a quick tunnel."""

    @property
    def kind(self) -> str:
        """``cloudflared``."""
        return KIND

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the host names of the rules; the rule for everything else only where it passes requests on."""
        listeners = (Listener(443, self.location, tls=True), Listener(80, self.location))
        first = {
            rule.hostname: rule.location
            for rule in reversed(self.rules)
            if rule.hostname or rule.address is not None or rule.service.startswith(("unix:", "unix+tls:"))
        }
        return tuple(
            Entrance(hostname, listener, place) for hostname, place in reversed(first.items()) for listener in listeners
        )

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request that reaches Cloudflare's edge for one of the tunnel's names."""
        if request.port is not None and request.port not in TLS_PORTS + PLAIN_PORTS:
            return Answered(None, f"Cloudflare's edge does not listen on port {request.port}", self.location)
        if self.unknown is not None:
            return self.unknown
        host, path = host_of(request.host), unquote(request.path)
        rule = next((rule for rule in self.rules if rule.matches(host, path)), None)
        if rule is None:
            return Answered(404, f"no rule is for {host}", self.location)
        return _served(rule, request)


def _served(rule: Rule, request: Request) -> Outcome:
    place = rule.service_location
    if rule.service.startswith("http_status:"):
        return Answered(int(rule.service.partition(":")[2]), "the rule answers by itself", place)
    if rule.service in ("hello_world", "hello-world"):
        return Answered(200, "cloudflared's own test page", place)
    if rule.address is None and not rule.service.startswith(("unix:", "unix+tls:")):
        return Undecided(f"The service {rule.service} {_FOR_ACCESS_CLIENTS}", place)
    return _passed(rule, rule.address, request)


def _passed(rule: Rule, address: Address | None, request: Request) -> Passed:
    tls = address.tls if address else rule.service.startswith("unix+tls:")
    host, headers = request.host, _at_the_edge(request)
    if rule.host_header and address:
        # cloudflared leaves Host alone where it speaks to a Unix socket.
        host, headers = rule.host_header, replaced(headers, ("X-Forwarded-Host", request.host))
    is_websocket = rule.scheme in WEBSOCKET_SCHEMES
    return Passed(
        to=(address.netloc if address else "unix:" + rule.service.partition(":")[2],),
        request=Request(
            host=host,
            target=request.target,
            method=request.method,
            headers=headers,
            tls=tls,
            port=address.port if address else None,
            client="127.0.0.1",
            version="2" if rule.http2 and tls and not request.upgrades else "1.1",
        ),
        location=rule.service_location,
        unknown=_ADDED_BY_EDGE,
        idle_seconds=EDGE_SECONDS,
        consulted=(rule.team,) if rule.team else (),
        assumed=("cloudflared is 2021.4.0 or later and speaks HTTP to a service that is given as ws://",)
        if is_websocket
        else (),
    )


def _at_the_edge(request: Request) -> Headers:
    # Without a port the request is taken to come to the first listener, which is the one with TLS.
    scheme = "https" if request.tls or request.port is None or request.port in TLS_PORTS else "http"
    headers = replaced(
        appended(end_to_end(request), "X-Forwarded-For", request.client),
        ("X-Forwarded-Proto", scheme),
        ("CF-Visitor", f'{{"scheme":"{scheme}"}}'),
        ("CF-Connecting-IP", request.client),
        ("CDN-Loop", "cloudflare"),
    )
    if request.upgrades:
        return replaced(headers, *UPGRADE, ("Sec-WebSocket-Version", "13"))
    return replaced(headers, ("Connection", "keep-alive"))


# ---- Reading a configuration file.


def is_cloudflared(text: str) -> bool:
    """Tell by its content whether a text is a configuration file of cloudflared."""
    if "ingress" not in text and "tunnel" not in text:
        return False
    try:
        document = read_yaml(text, "")
    except Unreadable:
        return False
    rules = document.get("ingress")
    if rules is not None and rules.kind is Kind.LIST:
        return any(rule.get("service") for rule in rules.items)
    return document.get("tunnel") is not None and any(
        document.get(key) for key in ("credentials-file", "url", "originRequest", "credentials-contents")
    )


def read(text: str, name: str) -> Cloudflared:
    """Read a configuration file.

    Args:
        text: The file's text.
        name: What findings call the file.

    Raises:
        Unreadable: If it is not YAML, or if cloudflared refuses to start with it: a rule without a service, a rule for
            everything that is not the last, a last rule that is not for everything, an expression that is none.
    """
    document = read_yaml(text, name)
    place = Location(name, 1)
    tunnel = document.string("tunnel")
    listed = document.get("ingress")
    if listed is not None and listed.items:
        return Cloudflared(name, place, tuple(_rules(listed, document.get("originRequest"))), tunnel=tunnel)
    single = _single(document)
    if single is not None:
        return Cloudflared(name, place, (single,), tunnel=tunnel)
    why = "The file has no ingress rules: they are in Cloudflare's dashboard, or there are none and it answers 503"
    return Cloudflared(name, place, unknown=Undecided(why, document.place("tunnel")), tunnel=tunnel)


def _single(document: Element) -> Rule | None:
    """Return the one rule of a file that names its server by ``url`` or ``unix-socket``, as older files do."""
    url, socket = document.get("url"), document.get("unix-socket")
    if document.flag("hello-world"):
        return _own("hello_world", document.place("hello-world"))
    if url is not None:
        return _to_url(url.text, url.location)
    return _own(f"unix:{socket.text}", socket.location) if socket is not None else None


def _own(service: str, place: Location) -> Rule:
    return Rule("", "", service, place, place)


def _to_url(text: str, place: Location, host_header: str = "") -> Rule:
    address = read_address(text)
    return Rule(
        hostname="",
        path="",
        service=text if "://" in text else f"http://{address.netloc}" if address else text,
        location=place,
        service_location=place,
        address=address if address and address.scheme in ("http", "https", *WEBSOCKET_SCHEMES) else None,
        host_header=host_header,
        host_header_location=place if host_header else None,
    )


def _rules(listed: Element, common: Element | None) -> Iterator[Rule]:
    for number, item in enumerate(listed.items, 1):
        hostname, path = item.string("hostname"), item.string("path")
        for_all = hostname in ("", "*") and not path
        if for_all != (number == len(listed.items)):
            raise Unreadable(
                "A rule for everything hides those that follow; cloudflared refuses it anywhere but at the end."
                if for_all
                else "The last rule must be for everything, without hostname and path; cloudflared refuses the file.",
                item.location,
            )
        if "*" in hostname[1:] or _PORT_BEHIND.fullmatch(hostname):
            raise Unreadable(f'cloudflared refuses the hostname "{hostname}".', item.place("hostname"))
        yield _rule(item, "" if hostname == "*" else hostname.lower(), path, common)


def _rule(item: Element, hostname: str, path: str, common: Element | None) -> Rule:
    service = item.get("service")
    if service is None or service.kind is not Kind.SCALAR:
        raise Unreadable("The rule has no service.", item.location)
    host_header, http2 = _option(item, common, "httpHostHeader"), _option(item, common, "http2Origin")
    is_bastion = (option := _option(item, common, "bastionMode")) is not None and option.text.lower() == "true"
    return Rule(
        hostname=hostname,
        path=path,
        service="bastion" if is_bastion else service.text,
        location=item.location,
        service_location=service.location,
        address=None if is_bastion else _address(service),
        pattern=_pattern(path, item.place("path")) if path else None,
        host_header=host_header.text if host_header else "",
        host_header_location=host_header.location if host_header else None,
        http2=http2 is not None and http2.text.lower() == "true",
        team=_team(item),
    )


def _option(item: Element, common: Element | None, key: str) -> Element | None:
    return item.get("originRequest", key) or (common.get(key) if common else None)


def _team(item: Element) -> Consulted | None:
    # Only the rule's own `access` is enforced; what stands in the file's originRequest is not looked at.
    if not item.flag("originRequest", "access", "required"):
        return None
    team = item.string("originRequest", "access", "teamName")
    place = item.place("originRequest", "access", "required")
    return Consulted(f"{team}.cloudflareaccess.com" if team else "cloudflareaccess.com", place)


def _address(service: Element) -> Address | None:
    text = service.text
    if text.startswith("http_status:"):
        status = text.partition(":")[2]
        if not (status.isascii() and status.isdigit() and 100 <= int(status[:4]) <= 999):
            raise Unreadable(f'cloudflared refuses the status "{status}".', service.location)
        return None
    if text in ("hello_world", "hello-world", "bastion", "socks-proxy") or text.startswith(("unix:", "unix+tls:")):
        return None
    url = split_url(text)
    if url is None or not url.scheme or not url.hostname:
        why = f'The service "{text}" needs a scheme and a host, as in http://localhost:8000.'
        raise Unreadable(why, service.location)
    if url.path:
        raise Unreadable(
            f'The service "{text}" has a path; cloudflared refuses it: the path is always the request\'s own.',
            service.location,
        )
    return read_address(text) if url.scheme in ("http", "https", *WEBSOCKET_SCHEMES) else None


def _pattern(path: str, place: Location) -> Pattern:
    options = re2.Options()
    options.log_errors = False
    try:
        pattern: Pattern = re2.compile(path, options)
    except (re2.error, UnicodeError) as error:
        raise Unreadable(f'The path "{path}" is no regular expression that Go reads.', place) from error
    return pattern


# ---- Reading a command line.


def is_command(text: str) -> bool:
    """Tell whether a command line runs a tunnel: ``cloudflared tunnel …``, or ``tunnel …`` as the image is given it."""
    return _tunnel_words(text) is not None


def config_of(text: str) -> str:
    """Return the configuration file that a command line names; empty without one."""
    words = _tunnel_words(text) or []
    return arguments_of(words, _SWITCHES).last("config")


def read_command(
    text: str, location: Location, environment: Mapping[str, str] = MappingProxyType({}), name: str = KIND
) -> Cloudflared:
    """Read a command line such as ``cloudflared tunnel --url http://localhost:8000``.

    Args:
        text: The command line; in a container's command the program's name may be missing.
        location: Where it stands.
        environment: The process's environment, which may have ``TUNNEL_URL``, ``TUNNEL_TOKEN`` and other flags.
        name: What findings call the tunnel.
    """
    arguments = arguments_of(_tunnel_words(text) or [], _SWITCHES)
    operands = [word for word in arguments.operands if word != "tunnel"]
    tunnel = operands[1] if operands[:1] == ["run"] and len(operands) > 1 else ""

    def given(flag: str) -> str:
        return arguments.last(flag) or environment.get("TUNNEL_" + flag.upper().replace("-", "_"), "")

    def unknown(why: str) -> Cloudflared:
        return Cloudflared(name, location, unknown=Undecided(why, location), tunnel=tunnel)

    rule = _of_flags(arguments, given("url"), given("unix-socket"), given("http-host-header"), location)
    if given("token") or given("token-file"):
        return unknown("The tunnel is run by its token: its routes are in Cloudflare's dashboard")
    if rule is not None:
        return Cloudflared(name, location, (rule,), tunnel=tunnel)
    config = arguments.last("config")
    return unknown(
        f"The rules are in {config}"
        if config
        else "The rules are in cloudflared's own folder, or in Cloudflare's dashboard"
    )


def _of_flags(arguments: Arguments, url: str, socket: str, host_header: str, place: Location) -> Rule | None:
    if arguments.on("hello-world"):
        return _own("hello_world", place)
    if arguments.on("bastion"):
        return _own("bastion", place)
    if url:
        return _to_url(url, place, host_header)
    return _own(f"unix:{socket}", place) if socket else None


def _tunnel_words(text: str) -> list[str] | None:
    words = words_of(text)
    at = program_at(words, "cloudflared")
    words = words if at is None else words[at + 1 :]
    if "tunnel" not in words:
        return None
    before = words[: words.index("tunnel")]
    return words if all(word.startswith("-") for word in before) else None
