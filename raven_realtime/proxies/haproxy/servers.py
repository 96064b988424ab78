"""Servers of a backend: who may get a request, how they are spoken to, and by what one is chosen."""

from __future__ import annotations

import re

from raven_realtime.proxies.haproxy.sections import Section
from raven_realtime.proxies.haproxy.unknown import Unknown
from raven_realtime.proxies.haproxy.words import Line, known, shown
from raven_realtime.proxies.interface import Affinity
from raven_realtime.proxies.record import record

_WITH_ARGUMENT = (
    *("addr", "agent-addr", "agent-check", "agent-inter", "agent-port", "agent-send", "alpn", "ca-file", "check-alpn"),
    *("check-proto", "check-sni", "ciphers", "ciphersuites", "cookie", "crl-file", "crt", "downinter", "error-limit"),
    *("fall", "fastinter", "force-sslv3", "id", "init-addr", "inter", "log-proto", "maxconn", "maxqueue", "max-reuse"),
    *("minconn", "namespace", "observe", "on-error", "on-marked-down", "on-marked-up", "pool-low-conn"),
    *("pool-max-conn", "pool-purge-delay", "port", "proto", "redir", "resolvers", "resolve-net", "resolve-opts"),
    *("resolve-prefer", "rise", "set-proxy-v2-tlv-fmt", "shard", "slowstart", "sni", "socks4", "source", "ssl-max-ver"),
    *("ssl-min-ver", "tcp-ut", "track", "usesrc", "verify", "verifyhost", "weight", "ws", "proxy-v2-options", "curves"),
    *("sigalgs", "client-sigalgs", "hash-key", "guid", "pool-conn-name", "check-pool-conn-name", "idle-ping"),
)


@record
class Server:
    """One server line."""

    name: str
    address: str
    """``host:port`` or ``unix:/path``."""
    port: int | None
    tls: bool
    backup: bool
    disabled: bool
    cookie: str
    http2: bool
    redirects: bool
    line: Line


def servers(backend: Section, port: int) -> tuple[Server, ...]:
    """Return the servers of a backend; ``port`` is where the client came in, for servers without a port of their own.

    Raises:
        Unknown: an address depends on the environment or is not followed.
    """
    found: list[Server] = []
    preset: tuple[str, ...] = ()
    for section in reversed(backend.chain[1:]):
        preset += tuple(word for line in section.own("default-server") for word in line.arguments)
    for line in backend.lines:
        if line.keyword == "default-server":
            preset += line.arguments
        elif line.keyword == "server" and len(line.words) > 2:
            found.append(_server(line.words[1], line.words[2], (*preset, *line.words[3:]), line, port))
        elif line.keyword == "server-template" and len(line.words) > 3:
            prefix, span, address = line.words[1:4]
            numbers = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", span)
            if numbers is None:
                raise Unknown(f"the number {shown(span)} of servers is not followed", line.location)
            first, last = (1, int(span)) if numbers[2] is None else (int(numbers[1]), int(numbers[2]))
            options = (*preset, *line.words[4:])
            found += [_server(f"{prefix}{number}", address, options, line, port) for number in range(first, last + 1)]
    return tuple(found)


def _server(name: str, address: str, words: tuple[str, ...], line: Line, port: int) -> Server:
    options: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word.startswith("no-") and word[3:] in options:
            del options[word[3:]]
        elif word in ("enabled", "no-ssl"):
            options.pop({"enabled": "disabled", "no-ssl": "ssl"}[word], None)
        else:
            options[word] = rest.pop(0) if word in _WITH_ARGUMENT and rest else ""
    where, number = target(address, port, line)
    return Server(
        name=name,
        address=where,
        port=number,
        tls="ssl" in options,
        backup="backup" in options,
        disabled="disabled" in options or options.get("weight") == "0",
        cookie=options.get("cookie", ""),
        http2=options.get("proto") == "h2" or options.get("alpn", "").startswith("h2"),
        redirects="redir" in options,
        line=line,
    )


def target(word: str, port: int, line: Line) -> tuple[str, int | None]:
    """Return ``host:port`` (or ``unix:/path``) and the port of an address as section 4.2 writes it (``server``).

    Raises:
        Unknown: it depends on the environment, or is of a kind that is not followed.
    """
    address = known(word, line.location)
    address = re.sub(r"^(?:tcp|stream\+)?(?:ipv)?[46]@", "", address) if "@" in address else address
    if address.startswith(("/", "unix@")):
        return "unix:" + address.removeprefix("unix@"), None
    if "@" in address:
        raise Unknown(f"the address {address} is not followed", line.location)
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|.*?)(?::([+-]?)([0-9]{1,5}))?", address)
    if found is None or not found[1]:
        raise Unknown(f"the address {address} is not followed", line.location)
    host, sign, digits = found[1].strip("[]"), found[2], found[3]
    number = int(digits) if digits else port
    if sign:
        number = port + int(digits) if sign == "+" else port - int(digits)
    return (f"[{host}]" if ":" in host else host) + f":{number or port}", number or port


def available(backend: Section, all_servers: tuple[Server, ...]) -> tuple[Server, ...]:
    """Return the servers among which one is chosen when all are up: backups only where there is no other."""
    enabled = [server for server in all_servers if not server.disabled]
    if ordinary := [server for server in enabled if not server.backup]:
        return tuple(ordinary)
    return tuple(enabled if backend.option("allbackups") else enabled[:1])


def affinity(backend: Section, all_servers: tuple[Server, ...]) -> tuple[Affinity, str]:
    """Tell by what a backend keeps a browser with a server: a cookie, a stick table, or the balancing itself."""
    cookie = backend.last("cookie")
    if cookie and cookie.arguments:
        modes = {"insert", "prefix", "rewrite"}
        if modes & set(cookie.arguments[1:]) or any(server.cookie for server in all_servers):
            return Affinity.COOKIE, shown(cookie.words[1])
    if session := backend.last("appsession"):
        return Affinity.COOKIE, shown(session.words[1]) if len(session.words) > 1 else ""
    for line in backend.own("stick"):
        if len(line.words) > 2 and line.words[1] in ("on", "match"):
            expression = shown(line.words[2])
            if expression.split(",")[0] == "src":
                return Affinity.ADDRESS, ""
            if re.match(r"(?:req\.)?cook\b", expression):
                return Affinity.COOKIE, expression
            return Affinity.OTHER, expression
    balance = backend.last("balance")
    words = balance.arguments if balance else ()
    if not words or re.match(r"roundrobin|static-rr|leastconn|first|random", words[0]):
        return Affinity.NONE, ""
    if words[0] == "source":
        return Affinity.ADDRESS, ""
    return Affinity.OTHER, shown(" ".join(words[:2] if words[0] in ("url_param", "hash") else words[:1]))
