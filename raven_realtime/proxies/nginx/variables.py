"""Variables and texts with variables in them, as far as the configuration and the request decide them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.escaping import wire
from raven_realtime.proxies.nginx.exchange import Exchange
from raven_realtime.proxies.nginx.regex import Undecided, search

_IN_TEXT = re.compile(r"\$(?:([1-9])|\{(\w+)\}|(\w+))")
_KNOWN: dict[str, Callable[[Exchange], str]] = {
    "$args": lambda e: e.args,
    "$query_string": lambda e: e.args,
    "$is_args": lambda e: "?" if e.args else "",
    "$uri": lambda e: e.uri,
    "$document_uri": lambda e: e.uri,
    "$request_uri": lambda e: wire(e.request.target),
    "$request_method": lambda e: e.method,
    "$request": lambda e: wire(f"{e.request.method} {e.request.target} {e.request.version}"),
    "$server_protocol": lambda e: e.request.version,
    "$host": lambda e: e.host,
    "$scheme": lambda e: e.scheme,
    "$https": lambda e: "on" if e.scheme == "https" else "",
    "$server_name": lambda e: e.chosen.server.name,
    "$server_port": lambda e: str(e.chosen.listen.port),
    "$remote_addr": Exchange.client_address,
    "$realip_remote_addr": lambda e: e.request.client,
    "$proxy_add_x_forwarded_for": lambda e: ", ".join(filter(None, (_forwarded_for(e), e.client_address()))),
}


def expand(text: str, exchange: Exchange) -> str:
    """Return a text with its variables filled in.

    Raises:
        Undecided: a variable's value cannot be told.
    """
    return _IN_TEXT.sub(lambda found: _piece(found, exchange), wire(text)) if "$" in text else wire(text)


def variables_in(text: str) -> bool:
    """Tell whether a text has variables or captures in it."""
    return _IN_TEXT.search(text) is not None


def split_text(text: str) -> list[str]:
    """Split a text into literal pieces and variables (which start with a dollar)."""
    text = wire(text)
    pieces: list[str] = []
    at = 0
    for found in _IN_TEXT.finditer(text):
        pieces += [text[at : found.start()], "$" + (found[1] or found[2] or found[3])]
        at = found.end()
    return [piece for piece in (*pieces, text[at:]) if piece]


def _piece(found: re.Match[str], exchange: Exchange) -> str:
    return lookup("$" + (found[1] or found[2] or found[3]), exchange)


def lookup(name: str, exchange: Exchange) -> str:
    """Return the value of one variable or capture.

    Raises:
        Undecided: the value cannot be told.
    """
    if name[1:].isdigit():
        number = int(name[1:])
        return (exchange.captures[number] or "") if number < len(exchange.captures) else ""
    if name in exchange.variables:
        kept = exchange.variables[name]
        if isinstance(kept, Undecided):
            raise kept
        return kept
    if name in exchange.definitions.maps:
        value = _mapped(exchange.definitions.maps[name], exchange)
        if not _is_volatile(exchange.definitions.maps[name]):
            exchange.variables[name] = value
        return value
    if name in _KNOWN:
        return _KNOWN[name](exchange)
    for prefix, ask in (("$http_", _header), ("$arg_", _argument), ("$cookie_", _cookie)):
        if name.startswith(prefix):
            return ask(name.removeprefix(prefix), exchange)
    if name in ("$content_length", "$content_type"):
        return _header(name[1:], exchange)
    if name in exchange.definitions.assigned:
        return ""
    raise Undecided(f"the value of {name} is only known when nginx runs")


def _header(name: str, exchange: Exchange) -> str:
    values = [value for given, value in exchange.headers_in() if given.lower().replace("-", "_") == name.lower()]
    if name == "cookie":
        return "; ".join(values)
    if name == "x_forwarded_for":
        return ", ".join(values)
    if len(values) > 1:
        raise Undecided(f"$http_{name}: the header came {len(values)} times, which nginx versions read differently")
    return values[0] if values else ""


def _forwarded_for(exchange: Exchange) -> str:
    return _header("x_forwarded_for", exchange)


def _argument(name: str, exchange: Exchange) -> str:
    for pair in exchange.args.split("&"):
        key, equals, value = pair.partition("=")
        if equals and key.lower() == name.lower():
            return value
    return ""


def _cookie(name: str, exchange: Exchange) -> str:
    for pair in _header("cookie", exchange).split(";"):
        key, equals, value = pair.strip().partition("=")
        if equals and key.strip().lower() == name.lower():
            return value.strip()
    return ""


def _is_volatile(definition: Directive) -> bool:
    return any(True for _ in definition.children("volatile"))


def _mapped(definition: Directive, exchange: Exchange) -> str:
    if definition.name == "map":
        return _by_map(definition, exchange)
    if definition.name == "geo":
        return _by_geo(definition, exchange)
    raise Undecided(f"{definition.name} at {definition.place} decides by chance")


def _by_map(definition: Directive, exchange: Exchange) -> str:
    """Look a value up: exact (ignoring case), with ``hostnames`` by wildcard, then regular expressions in order."""
    asked = expand(definition.args[0], exchange)
    entries = [(entry.name, entry.args[0] if entry.args else "") for entry in definition.children()]
    hostnames = ("hostnames", "") in entries
    default = ""
    exact: dict[str, str] = {}
    regexes: list[tuple[str, str]] = []
    for key, value in entries:
        if key == "default":
            default = value
        elif key.startswith("~"):
            regexes.append((key, value))
        elif not (key in ("hostnames", "volatile") and value == ""):
            exact.setdefault(wire(key.removeprefix("\\")).lower(), value)
    low = asked.lower()
    if hostnames:
        low = low.removesuffix(".")
    if low in exact:
        return expand(exact[low], exchange)
    if hostnames and (wild := _by_wildcard(low, exact)) is not None:
        return expand(wild, exchange)
    for key, value in regexes:
        ignore_case = key.startswith("~*")
        if match := search(key[2:] if ignore_case else key[1:], asked, ignore_case=ignore_case):
            exchange.remember(match)
            return expand(value, exchange)
    return expand(default, exchange)


def _by_wildcard(host: str, entries: dict[str, str]) -> str | None:
    if f".{host}" in entries:
        return entries[f".{host}"]
    labels = host.split(".")
    for start in range(1, len(labels)):
        tail = ".".join(labels[start:])
        for key in (f"*.{tail}", f".{tail}"):
            if key in entries:
                return entries[key]
    for end in range(len(labels) - 1, 0, -1):
        key = f"{'.'.join(labels[:end])}.*"
        if key in entries:
            return entries[key]
    return None


def _by_geo(definition: Directive, exchange: Exchange) -> str:
    """Look an address up: the narrowest network that holds it."""
    if any(True for _ in definition.children("ranges", "proxy", "proxy_recursive", "include")):
        raise Undecided(f"geo at {definition.place} uses more than networks")
    asked = lookup(definition.args[0], exchange) if len(definition.args) == 2 else exchange.client_address()
    try:
        address = ipaddress.ip_address(asked)
    except ValueError:
        address = ipaddress.ip_address("255.255.255.255")
    best, length = "", -1
    for entry in definition.children():
        value = entry.args[0] if entry.args else ""
        if entry.name == "default":
            if length < 0:
                best = value
            continue
        try:
            network = ipaddress.ip_network(entry.name, strict=False)
        except ValueError:
            continue
        if network.version == address.version and address in network and network.prefixlen > length:
            best, length = value, network.prefixlen
    return wire(best)
