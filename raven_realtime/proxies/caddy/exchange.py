"""A request on its way through Caddy's handlers, and the placeholders that it fills.

Source of the placeholders: https://caddyserver.com/docs/json/apps/http/#docs and
https://caddyserver.com/docs/conventions#placeholders.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from raven_realtime.proxies.caddy.headers import Changes, Fields, Replacement, canonical, named
from raven_realtime.proxies.caddy.regex import substitute
from raven_realtime.proxies.caddy.unknown import NotKnown
from raven_realtime.proxies.caddy.urls import Url
from raven_realtime.proxies.caddy.versions import DELETES_ALL_FIRST, LABELS_IN_LOWER_CASE
from raven_realtime.proxies.interface import Consulted, Request
from raven_realtime.proxies.location import Location

PRIVATE_RANGES = ("192.168.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "127.0.0.1/8", "fd00::/8", "::1")
"""What ``private_ranges`` stands for."""

_PLACEHOLDER = re.compile(r"\\?\{((?:[^}\\]|\\.)*)\}", re.DOTALL)
_AT_RUN_TIME = ("env.", "system.", "time.", "file.", "http.auth.", "http.error.", "http.response.", "http.request.tls.")
_VOLATILE = {
    "http.request.uuid": "each request gets another",
    "http.request.duration": "it is a time",
    "http.request.duration_ms": "it is a time",
    "http.request.body": "it is the request's body",
    "http.request.remote": "it has the client's port",
    "http.request.remote.port": "it is the client's port",
    "http.request.local": "it is an address of Caddy's machine",
    "http.request.local.host": "it is an address of Caddy's machine",
    "http.shutting_down": "it is about the process",
}


def host_of(hostport: str) -> str:
    """Return a Host header without its port, and an IPv6 address without its brackets."""
    found = re.fullmatch(r"\[([^\]]*)\](?::\d*)?|([^:]*)(?::\d*)?", hostport)
    return (found[1] or found[2] or "") if found else hostport


def within(address: str, ranges: Sequence[str]) -> bool:
    """Whether an IP address is in one of some networks; what is no network has nobody in it."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    for text in ranges:
        if "{" in text:
            raise NotKnown(f"a network is only known while Caddy runs: {text}")
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            continue
        if ip.version == network.version and ip in network:
            return True
    return False


@dataclass
class Exchange:
    """A request and what handlers have made of it so far."""

    request: Request
    url: Url
    version: tuple[int, ...]
    trusted: bool = False
    """Whether it comes from a proxy that the server trusts."""
    client_ip: str = ""
    """The address of the browser, as far as the server trusts who names it."""
    write_seconds: float | None = None
    """After how long the server gives up an answer."""
    variables: dict[str, str] = field(default_factory=dict)
    static: dict[str, str] = field(default_factory=dict)
    """Placeholders that a matcher or a handler has set: captures, the file that was found, the upstream."""
    at_run_time: dict[str, str] = field(default_factory=dict)
    """Placeholders that a handler has set to something that is only known while Caddy runs, and why."""
    unknown: dict[str, str] = field(default_factory=dict)
    """Headers, by lower-case name, that are only known while Caddy runs, and why."""
    groups: set[str] = field(default_factory=set)
    consulted: list[Consulted] = field(default_factory=list)
    assumed: dict[str, None] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    """Paths of files that are taken to exist."""
    answer_location: str = ""
    """The Location header that a handler has put on the answer so far."""
    error: int | None = None
    """The status that a matcher wants answered, such as ``=404`` in try_files."""
    frozen: tuple[str, str] | None = None
    """Host and method as they were when an upstream was asked whether the request may pass: placeholders keep them,
    since Caddy goes on with a copy of the request."""
    seen: Exchange | None = None
    """Whose parts placeholders stand for, if not its own: what a proxy sends on is made of what the proxy got."""
    invoked: int = 0
    """How deep named routes call each other."""

    def __post_init__(self) -> None:
        """Take the parts that handlers change."""
        self.method = self.request.method
        self.host = self.request.host
        self.headers = Fields(self.request.headers)
        self.original = self.url.copy()

    @property
    def shown(self) -> tuple[str, str]:
        """Host and method as placeholders have them."""
        return self.frozen or (self.host, self.method)

    @property
    def peer(self) -> str:
        """The address that the connection comes from."""
        return self.request.client

    def header(self, name: str, location: Location | None = None) -> list[str]:
        """Return a header's values, Host among them.

        Raises:
            NotKnown: they are only known while Caddy runs.
        """
        if why := self.unknown.get(name.lower()):
            raise NotKnown(f"the header {name} is only known while Caddy runs: {why}", location)
        if canonical(name) == "Host" and self.host:
            return [self.host]
        return self.headers.values(name)

    def lookup(self, key: str) -> str | None:
        """Return a placeholder's value; None if Caddy does not know it.

        Raises:
            NotKnown: its value is only known while Caddy runs.
        """
        if key.startswith("$"):
            raise NotKnown(f"the environment variable {key[1:]} is not known here")
        if key in self.static:
            return self.static[key]
        if why := self.at_run_time.get(key) or _VOLATILE.get(key):
            raise NotKnown(f"{{{key}}} is only known while Caddy runs: {why}")
        if key.startswith("http.request.tls.") and not self.request.tls:
            return None
        if key.startswith(_AT_RUN_TIME):
            raise NotKnown(f"{{{key}}} is only known while Caddy runs")
        seen = self.seen or self
        for prefix, read in _PREFIXES.items():
            if key.startswith(prefix) and (value := read(seen, key[len(prefix) :])) is not None:
                return value
        return _SIMPLE[key](seen) if key in _SIMPLE else None

    def fill(self, text: str, *, keep_unrecognized: bool = False, encode: Callable[[str], str] = str) -> str:
        """Replace placeholders by their values.

        Args:
            text: what may have placeholders in it.
            keep_unrecognized: leave those that Caddy does not know as they are; else they become nothing.
            encode: what to do with each value.

        Raises:
            NotKnown: a value is only known while Caddy runs.
        """
        if "{" not in text:
            return text

        def value(found: re.Match[str]) -> str:
            if found[0].startswith("\\"):
                return found[0][1:-2] + "}" if found[0].endswith("\\}") else found[0][1:]
            known = self.lookup(found[1])
            if known is None:
                return found[0] if keep_unrecognized else ""
            return encode(known)

        return _PLACEHOLDER.sub(value, text)

    def assume(self, what: str) -> None:
        """Note what is taken for granted."""
        self.assumed[what] = None

    def change_headers(self, changes: Changes) -> None:
        """Change the headers, Host with them."""
        if not changes:
            return
        fields = self.headers
        fields.add("Host", self.host)
        try:
            self._change(changes, fields)
        finally:
            self.host = (fields.values("Host") or [""])[-1]
            fields.delete("Host")

    def _change(self, changes: Changes, fields: Fields) -> None:
        if "*" in changes.delete and self.version >= DELETES_ALL_FIRST:
            fields.pairs.clear()
            self.unknown.clear()
        for name, value in changes.add:
            self._put(fields.add, name, value)
        for name, value in changes.set:
            self.unknown.pop(name.lower(), None)
            self._put(fields.set, name, value)
        for pattern in changes.delete:
            if pattern == "*" and self.version >= DELETES_ALL_FIRST:
                continue
            meant = named(self.fill(pattern, keep_unrecognized=True))
            fields.pairs = [pair for pair in fields.pairs if not meant(pair[0])]
            for name in [name for name in self.unknown if meant(name)]:
                del self.unknown[name]
        for name, replacement in changes.replace:
            for index, (given, value) in enumerate(fields.pairs):
                if name != "*" and canonical(name) != given:
                    continue
                if given.lower() in self.unknown:
                    continue
                fields.pairs[index] = given, self._replaced(replacement, value)

    def _replaced(self, replacement: Replacement, value: str) -> str:
        text = self.fill(replacement.replace, keep_unrecognized=True)
        if replacement.regex:
            return substitute(replacement.search, text, value)
        return value.replace(self.fill(replacement.search, keep_unrecognized=True), text)

    def _put(self, put: Callable[[str, str], None], name: str, value: str) -> None:
        name = self.fill(name, keep_unrecognized=True)
        try:
            put(name, self.fill(value, keep_unrecognized=True))
        except NotKnown as unknown:
            put(name, value)
            self.unknown[name.lower()] = unknown.why


def _cookie(exchange: Exchange, name: str) -> str | None:
    for header in exchange.header("Cookie"):
        for pair in header.split(";"):
            given, separator, value = pair.strip().partition("=")
            if separator and given.lower() == name.lower():
                return value.strip('"')
    return None


def _header(exchange: Exchange, name: str) -> list[str]:
    # Host is among the others only while headers are changed.
    return exchange.headers.values(name) if canonical(name) == "Host" else exchange.header(name)


def _label(exchange: Exchange, index: str) -> str | None:
    host = host_of(exchange.shown[0])
    labels = (host.lower() if exchange.version >= LABELS_IN_LOWER_CASE else host).split(".")
    return _at(list(reversed(labels)), index)


def _segment(exchange: Exchange, index: str) -> str | None:
    segments = exchange.url.path.split("/")
    return _at(segments[1:] if segments[0] == "" else segments, index)


def _at(items: list[str], index: str) -> str | None:
    if not re.fullmatch(r"\d{1,4}", index):
        return None
    return items[int(index)] if int(index) < len(items) else ""


def _query(exchange: Exchange, name: str) -> str:
    return ",".join(parse_qs(exchange.url.query, keep_blank_values=True).get(name, []))


def _network(exchange: Exchange, bits: str) -> str:
    v4, _, v6 = bits.partition(",")
    chosen = v6 if ":" in exchange.peer and v6 else v4
    try:
        return str(ipaddress.ip_network(f"{exchange.peer}/{chosen}", strict=False))
    except ValueError:
        return ""


def _variable(exchange: Exchange, name: str) -> str:
    return exchange.client_ip if name == "client_ip" else exchange.variables.get(name, "")


def _file(path: str) -> str:
    return path.rpartition("/")[2]


def _folder(path: str) -> str:
    return path[: path.rfind("/") + 1]


def _hosts_port(exchange: Exchange) -> str:
    found = re.search(r":(\d*)$", exchange.shown[0])
    return found[1] if found and host_of(exchange.shown[0]) != exchange.shown[0] else ""


_PREFIXES: Mapping[str, Callable[[Exchange, str], str | None]] = {
    "http.request.uri.query.": _query,
    "http.request.header.": lambda exchange, name: ",".join(_header(exchange, name)),
    "http.request.cookie.": _cookie,
    "http.request.host.labels.": _label,
    "http.request.uri.path.": _segment,
    "http.request.remote.host/": _network,
    "http.vars.": _variable,
}
_SIMPLE: Mapping[str, Callable[[Exchange], str]] = {
    "http.request.method": lambda exchange: exchange.shown[1],
    "http.request.scheme": lambda exchange: "https" if exchange.request.tls else "http",
    "http.request.proto": lambda exchange: (
        f"HTTP/{'2.0' if exchange.request.version == '2' else exchange.request.version}"
    ),
    "http.request.host": lambda exchange: host_of(exchange.shown[0]),
    "http.request.port": _hosts_port,
    "http.request.hostport": lambda exchange: exchange.shown[0],
    "http.request.remote.host": lambda exchange: exchange.peer,
    "http.request.uri": lambda exchange: exchange.url.target,
    "http.request.uri_escaped": lambda exchange: exchange.url.target,
    "http.request.uri.path": lambda exchange: exchange.url.path,
    "http.request.uri.path.file": lambda exchange: _file(exchange.url.path),
    "http.request.uri.path.dir": lambda exchange: _folder(exchange.url.path),
    "http.request.uri.path.file.base": lambda exchange: posixpath.splitext(_file(exchange.url.path))[0],
    "http.request.uri.path.file.ext": lambda exchange: posixpath.splitext(exchange.url.path)[1],
    "http.request.uri.query": lambda exchange: exchange.url.query,
    "http.request.uri.prefixed_query": lambda exchange: "?" + exchange.url.query if exchange.url.query else "",
    "http.request.orig_method": lambda exchange: exchange.request.method,
    "http.request.orig_uri": lambda exchange: exchange.request.target,
    "http.request.orig_uri.path": lambda exchange: exchange.original.path,
    "http.request.orig_uri.path.file": lambda exchange: _file(exchange.original.path),
    "http.request.orig_uri.path.dir": lambda exchange: _folder(exchange.original.path),
    "http.request.orig_uri.query": lambda exchange: exchange.original.query,
    "http.request.orig_uri.prefixed_query": lambda exchange: (
        "?" + exchange.original.query if exchange.original.query else ""
    ),
}
