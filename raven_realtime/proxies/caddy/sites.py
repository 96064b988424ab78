"""A Caddyfile's sites as servers: addresses, ports, and who is asked first.

Sources: https://caddyserver.com/docs/caddyfile/concepts#addresses and
https://caddyserver.com/docs/caddyfile/directives#sorting-algorithm.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence

from raven_realtime.proxies.caddy.directives import Builder
from raven_realtime.proxies.caddy.matchers import Matcher, MatcherSet
from raven_realtime.proxies.caddy.options import Options, read
from raven_realtime.proxies.caddy.order import sort
from raven_realtime.proxies.caddy.routes import Route, Subroute
from raven_realtime.proxies.caddy.servers import Address, Server
from raven_realtime.proxies.caddy.shorthands import in_block
from raven_realtime.proxies.caddy.tokens import Token
from raven_realtime.proxies.caddy.tree import File, Site
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

_ADDRESS = re.compile(r"(?:([a-zA-Z]+)://)?(\[[^\]]*\]|[^/:]*(?:\{[^}]*\}[^/:]*)*)(?::([^/]*))?(/.*)?", re.DOTALL)


@record
class Key:
    """One address of a site."""

    scheme: str
    host: str
    port: str
    path: str
    location: Location

    @staticmethod
    def parse(token: Token) -> Key:
        """Take an address such as ``https://*.example.com:8443``.

        Raises:
            Unreadable: its port is none.
        """
        text = token.text
        found = _ADDRESS.fullmatch(re.sub(r"\{\$([^}]*)\}", r"{\1}", text))
        if found is None:
            return Key("", text, "", "", token.location)  # an IPv6 address without brackets, say
        scheme, host, port, path = (found[index] or "" for index in (1, 2, 3, 4))
        if port and not port.startswith("{") and not (port.isdecimal() and len(port) < 6 and int(port) < 65536):
            raise Unreadable(f"An address has a port that is none: {text}", token.location)
        host = re.sub(r"\{([A-Z_][A-Za-z0-9_]*)\}", r"{$\1}", host.strip("[]"))
        return Key(scheme.lower(), _normal(host), port, path, token.location)

    def listens_on(self, options: Options) -> int | None:
        """Return its port; None where the environment has it."""
        if self.port:
            return int(self.port) if self.port.isdecimal() else None
        return options.http_port if self.scheme == "http" else options.https_port


def _normal(host: str) -> str:
    try:
        return str(ipaddress.IPv6Address(host))
    except ValueError:
        return host if "{" in host else host.lower()


@record
class _Part:
    """A site, with those of its addresses that one server has."""

    keys: tuple[Key, ...]
    site: Site
    routes: tuple[Route, ...]

    @property
    def _hosts(self) -> str:
        return max((key.host for key in self.keys), key=_specificity, default="")

    def comes_before(self, other: _Part) -> bool:
        """Whether its addresses are more specific."""
        mine, others = _specificity(self._hosts), _specificity(other._hosts)
        if mine == 0:
            return False
        if others == 0:
            return True
        wild, other_wild = self._has_wildcard, other._has_wildcard
        if wild != other_wild:
            return other_wild
        return self._longest_path > other._longest_path if mine == others else mine > others

    @property
    def _has_wildcard(self) -> bool:
        return any("*" in key.host or not key.host for key in self.keys)

    @property
    def _longest_path(self) -> int:
        return max(len(key.path) for key in self.keys)

    @property
    def matchers(self) -> tuple[MatcherSet, ...]:
        """The sets of matchers for its addresses; none if it takes every request."""
        hosts: dict[str, dict[str, Location]] = {}
        anyone = any(not key.host for key in self.keys)
        for key in self.keys:
            named = hosts.setdefault(key.path, {})
            if key.host and not anyone:
                named.setdefault(key.host, key.location)
        sets = []
        for path, named in hosts.items():
            location = next(iter(named.values()), self.site.location)
            made = []
            if named:
                made.append(Matcher("host", tuple(named), location))
            if path:
                made.append(Matcher("path", (path,), location))
            sets.append(tuple(made))
        return tuple(filter(None, sets))


def _specificity(text: str) -> int:
    """Count the letters of a host, without wildcards and placeholders."""
    return len(re.sub(r"\{[^}]*\}|\*", "", text))


@record
class Sites:
    """What the sites of a file make."""

    servers: tuple[Server, ...]
    options: Options
    keys: tuple[Key, ...]
    """Every address, in the order of the file."""
    unplaced: tuple[Key, ...]
    """Addresses whose port is only known to the environment."""


def build(file: File, version: tuple[int, ...]) -> Sites:
    """Return the servers of a Caddyfile.

    Raises:
        Unreadable: an address is malformed.
    """
    options = read(file.options)
    builder = Builder(version, options.order)
    for name, line in file.named_routes.items():
        builder.named[name] = builder.block(in_block(line.lines), {}, in_order=True)
    parts: dict[tuple[str, int], list[_Part]] = {}
    every: list[Key] = []
    unplaced: list[Key] = []
    for site in file.sites:
        routes = builder.block(in_block(site.directives), {})
        by_address: dict[tuple[str, int], list[Key]] = {}
        for key in (Key.parse(token) for token in site.addresses):
            every.append(key)
            port = key.listens_on(options)
            if port is None:
                unplaced.append(key)
                continue
            for host in _binds(site) or options.bind or ("",):
                by_address.setdefault((host.removeprefix("tcp/").strip("[]"), port), []).append(key)
        for address, keys in by_address.items():
            parts.setdefault(address, []).append(_Part(tuple(keys), site, routes))
    servers = [_server(host, port, found, options) for (host, port), found in parts.items()]
    return Sites(tuple(servers), options, tuple(every), tuple(unplaced))


def _binds(site: Site) -> tuple[str, ...]:
    words = (word for line in site.directives if line.name == "bind" for word in line.arguments)
    return tuple(word for word in words if not word.startswith(("unix/", "fd/")))


def _server(host: str, port: int, parts: list[_Part], options: Options) -> Server:
    ordered = sort(parts, _Part.comes_before)
    keys = [key for part in parts for key in part.keys]
    location = keys[0].location
    shared = f":{port}"
    own = options.of_server(shared if shared in options.servers else f"{host}:{port}")
    plain = {key.host for key in keys if key.scheme == "http" and key.host}
    return Server(
        (Address(port, port, host, location),),
        _routes(ordered),
        location,
        tls=_has_policy(parts, options),
        automatic="off" not in options.auto_https,
        redirects="disable_redirects" not in options.auto_https,
        certificates="disable_certs" not in options.auto_https,
        skipped=frozenset(plain) if port != options.http_port else frozenset(),
        trusted=own.trusted,
        trusted_source=own.trusted_source,
        strict=own.strict,
        client_ip_headers=own.client_ip_headers,
        write_seconds=own.write_seconds,
    )


def _routes(parts: Sequence[_Part]) -> tuple[Route, ...]:
    """Return a server's routes: for each site one, after which no other site is asked."""
    made: list[Route] = []
    for part in parts:
        matchers = part.matchers
        names_host = any(matcher.name == "host" for route in part.routes for each in route.matchers for matcher in each)
        if not matchers and len(parts) == 1 and not names_host:
            # The only site, and for all: Caddy puts its routes into the server as they are.
            made.extend(part.routes)
        elif matchers or part.routes:
            inner = Subroute(part.routes, part.site.location)
            made.append(Route(matchers, (inner,) if part.routes else (), part.site.location, terminal=True))
    return tuple(made)


def _has_policy(parts: list[_Part], options: Options) -> bool:
    """Whether Caddy gives the server a TLS policy already when it reads the Caddyfile."""
    has_own, qualifies = False, False
    added_later = "off" not in options.auto_https
    for part in parts:
        for line in (each for each in part.site.directives if each.name == "tls"):
            settings = {each.name for each in line.lines}
            has_own = has_own or len(line.arguments) == 2 or bool(settings & _CONNECTION)
        for key in part.keys:
            elsewhere = key.port != str(options.http_port) and bool(key.host)
            qualifies = qualifies or key.scheme == "https" or (key.scheme != "http" and elsewhere)
            added_later = added_later and (key.port == str(options.https_port) or elsewhere)
    return has_own or (qualifies and (not added_later or bool(options.default_sni)))


_CONNECTION = {"protocols", "ciphers", "curves", "client_auth", "alpn", "load", "insecure_secrets_log"}
"""What in a ``tls`` block is about connections, rather than certificates."""
