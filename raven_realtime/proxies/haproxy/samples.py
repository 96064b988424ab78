"""Samples: what an expression such as ``req.hdr(host),lower`` takes from a request.

Fetches and converters are those of section 7.3 of HAProxy's configuration manual that need nothing but the request.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from raven_realtime.proxies.haproxy import patterns
from raven_realtime.proxies.haproxy.exchange import Exchange
from raven_realtime.proxies.haproxy.unknown import Unknown
from raven_realtime.proxies.haproxy.words import known
from raven_realtime.proxies.record import record

Value = str | int | bool


@record
class Call:
    """A fetch or a converter, with its arguments."""

    name: str
    arguments: tuple[str, ...] = ()

    def argument(self, index: int) -> str:
        """Return an argument; empty if it is left out."""
        return self.arguments[index] if index < len(self.arguments) else ""


def parse(expression: str) -> tuple[Call, ...]:
    """Split ``fetch(a,b),converter(c)`` into calls.

    Raises:
        Unknown: it has another form.
    """
    calls: list[Call] = []
    at = 0
    while at < len(expression):
        name = re.compile(r"[A-Za-z0-9_.\-]+").match(expression, at)
        if name is None:
            raise Unknown(f"the expression {expression} is not followed")
        at = name.end()
        arguments: tuple[str, ...] = ()
        if expression[at : at + 1] == "(":
            arguments, at = _arguments(expression, at + 1)
        calls.append(Call(name.group(), arguments))
        if at < len(expression):
            if expression[at] != ",":
                raise Unknown(f"the expression {expression} is not followed")
            at += 1
    if not calls:
        raise Unknown("an expression is empty")
    return tuple(calls)


def _arguments(expression: str, at: int) -> tuple[tuple[str, ...], int]:
    """Read arguments up to the closing parenthesis; quotes and backslashes are a second level of their own."""
    found = [""]
    quote = ""
    while at < len(expression):
        char = expression[at]
        at += 1
        if char == "\\" and quote != "'" and at < len(expression):
            found[-1] += expression[at] if expression[at] in "\\ '\"," else "\\" + expression[at]
            at += 1
        elif quote:
            if char == quote:
                quote = ""
            else:
                found[-1] += char
        elif char in "'\"":
            quote = char
        elif char == ",":
            found.append("")
        elif char == ")":
            return (() if found == [""] else tuple(found)), at
        else:
            found[-1] += char
    raise Unknown(f"the expression {expression} is not closed")


def values(calls: tuple[Call, ...], exchange: Exchange) -> list[Value]:
    """Return all samples of an expression, as ACLs ask them; none where the request has no such thing.

    Raises:
        Unknown: it depends on what only a running HAProxy has, or is not followed.
    """
    fetch, *converters = calls
    name = fetch.name.removeprefix("req.") if fetch.name.startswith("req.") else fetch.name
    if name not in _FETCHES:
        raise Unknown(f"{fetch.name} is known only while HAProxy runs, or is not followed")
    for argument in (argument for call in calls for argument in call.arguments):
        known(argument)
    found = _FETCHES[name](exchange, fetch)
    for converter in converters:
        found = [changed for value in found if (changed := _convert(converter, value, exchange)) is not None]
    return found


def value(calls: tuple[Call, ...], exchange: Exchange) -> Value | None:
    """Return one sample of an expression, as log formats ask it: the last of several.

    Raises:
        Unknown: as ``values``.
    """
    found = values(calls, exchange)
    return found[-1] if found else None


def text(value: Value | None) -> str:
    """Write a sample as a string: 1 and 0 for yes and no, nothing for none."""
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


def _elements(exchange: Exchange, call: Call) -> list[Value]:
    """Return the comma-separated values of a header (``req.hdr``), or the one whose number is given."""
    found: list[str] = []
    for line in exchange.lines(call.argument(0)):
        found += [each.strip(" \t") for each in _split(line)]
    return _occurrence(found, call)


def _split(line: str) -> list[str]:
    parts, quoted = [""], False
    for char in line:
        if char == '"':
            quoted = not quoted
        if char == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def _full(exchange: Exchange, call: Call) -> list[Value]:
    return _occurrence(exchange.lines(call.argument(0)), call)


def _occurrence(found: list[str], call: Call) -> list[Value]:
    if not (number := call.argument(1)):
        return list(found)
    if not re.fullmatch("[+-]?[0-9]{1,4}", number):
        raise Unknown(f"the number {number} of a header is not followed")
    index = int(number)
    if index == 0 or abs(index) > len(found):
        return []
    return [found[index - 1 if index > 0 else index]]


def _count(of: Callable[[Exchange, Call], list[Value]]) -> Callable[[Exchange, Call], list[Value]]:
    return lambda exchange, call: [len(of(exchange, Call(call.name, call.arguments[:1])))]


def _number(of: Callable[[Exchange, Call], list[Value]]) -> Callable[[Exchange, Call], list[Value]]:
    def numbers(exchange: Exchange, call: Call) -> list[Value]:
        return [integer(text(value)) for value in of(exchange, call)]

    return numbers


def integer(word: str) -> int:
    """Read the digits that a word begins with, as HAProxy does; 0 without."""
    found = re.match("[+-]?[0-9]{1,18}", word)
    return int(found.group()) if found else 0


def _parameter(exchange: Exchange, call: Call) -> list[Value]:
    if not (name := call.argument(0)):
        raise Unknown("a parameter of any name is not followed")
    pairs = (pair.partition("=") for pair in exchange.query.split("&"))
    return [value for given, equals, value in pairs if given == name and equals]


def _cookie(exchange: Exchange, call: Call) -> list[Value]:
    found: list[Value] = []
    for line in exchange.lines("cookie"):
        for pair in line.split(";"):
            name, equals, value = pair.strip().partition("=")
            if equals and name.strip() == call.argument(0):
                found.append(value.strip().strip('"'))
    return found


def _base(exchange: Exchange, _: Call) -> list[Value]:
    host = next(iter(exchange.lines("host")), "")
    return [host + exchange.path]


def _sni(exchange: Exchange, _: Call) -> list[Value]:
    if not exchange.tls:
        return []
    host = next(iter(exchange.lines("host")), "")
    return [host.rpartition(":")[0] if re.search(r":\d+$", host) else host]


def _variable(exchange: Exchange, call: Call) -> list[Value]:
    name = call.argument(0)
    if name.partition(".")[0] in ("proc", "sess"):
        raise Unknown(f"the variable {name} outlives the request")
    if why := exchange.unknown.get(f"%{name}"):
        raise Unknown(why)
    return [exchange.variables[name]] if name in exchange.variables else []


def _authorized(exchange: Exchange, _: Call) -> list[Value]:
    if not exchange.has("authorization"):
        return [False]
    raise Unknown("whether the name and the password in Authorization are right is not looked into")


_FETCHES: dict[str, Callable[[Exchange, Call], list[Value]]] = {
    "always_false": lambda _exchange, _call: [False],
    "always_true": lambda _exchange, _call: [True],
    "base": _base,
    "bool": lambda _exchange, call: [call.argument(0).lower() in ("1", "true", "yes", "on")],
    "cook": _cookie,
    "cook_cnt": _count(_cookie),
    "cook_val": _number(_cookie),
    "dst_port": lambda exchange, _call: [exchange.port],
    "fhdr": _full,
    "fhdr_cnt": _count(_full),
    "hdr": _elements,
    "hdr_cnt": _count(_elements),
    "hdr_ip": _elements,
    "hdr_val": _number(_elements),
    "http_auth": _authorized,
    "int": lambda _exchange, call: [integer(call.argument(0))],
    "method": lambda exchange, _call: [exchange.asked_method],
    "path": lambda exchange, _call: [exchange.path],
    "pathq": lambda exchange, _call: [exchange.target],
    "proto_http": lambda _exchange, _call: [True],
    "query": lambda exchange, _call: [exchange.query] if "?" in exchange.target else [],
    "req_proto_http": lambda _exchange, _call: [True],
    "req_ver": lambda exchange, _call: [{"2": "2.0"}.get(exchange.version, exchange.version)],
    "src": lambda exchange, _call: [exchange.source],
    "ssl_fc": lambda exchange, _call: [exchange.tls],
    "ssl_fc_has_sni": lambda exchange, _call: [exchange.tls],
    "ssl_fc_sni": _sni,
    "str": lambda _exchange, call: [call.argument(0)],
    "url": lambda exchange, _call: [exchange.target],
    "url_param": _parameter,
    "urlp": _parameter,
    "urlp_val": _number(_parameter),
    "var": _variable,
    "ver": lambda exchange, _call: [{"2": "2.0"}.get(exchange.version, exchange.version)],
}


def is_fetch(name: str) -> bool:
    """Tell whether a name is one of a fetch that is followed here."""
    return name.removeprefix("req.") in _FETCHES


def _convert(call: Call, value: Value, exchange: Exchange) -> Value | None:
    if call.name.startswith("map"):
        return _mapped(call, text(value), exchange)
    if call.name not in _CONVERTERS:
        raise Unknown(f"the converter {call.name} is not followed")
    return _CONVERTERS[call.name](call, value)


def _field(call: Call, value: Value) -> Value | None:
    """Cut a text at any of some characters and take the n-th piece; counted from the end if negative."""
    index, delimiters = integer(call.argument(0)), call.argument(1)
    if len(call.arguments) != 2 or not index or not delimiters:
        raise Unknown("a field of several pieces is not followed")
    pieces = re.split("[" + re.escape(delimiters) + "]", text(value))
    if abs(index) > len(pieces):
        return None
    return pieces[index - 1 if index > 0 else index] or None


def _word(call: Call, value: Value) -> Value | None:
    index, delimiters = integer(call.argument(0)), call.argument(1)
    if len(call.arguments) != 2 or index <= 0 or not delimiters:
        raise Unknown("a word of several pieces, or counted from the end, is not followed")
    pieces = [piece for piece in re.split("[" + re.escape(delimiters) + "]", text(value)) if piece]
    return pieces[index - 1] if index <= len(pieces) else None


def _host_only(_: Call, value: Value) -> Value:
    given = text(value).lower()
    return given if given.endswith("]") else re.sub(r"(?<=[^:]):[0-9]*$", "", given)


def _regsub(call: Call, value: Value) -> Value:
    flags = call.argument(2)
    rest, out = text(value), ""
    while (found := patterns.search(call.argument(0), rest, ignore_case="i" in flags)) is not None:
        before, _, after = rest.partition(found[0])
        if not found[0]:
            raise Unknown("a regular expression that matches nothing is not followed")
        out += before + patterns.expand(call.argument(1), found)
        rest = after
        if "g" not in flags:
            break
        if "^" in call.argument(0) or "\\b" in call.argument(0):
            raise Unknown("a regular expression with an anchor for all places is not followed")
    return out + rest


_CONVERTERS: dict[str, Callable[[Call, Value], Value | None]] = {
    "bool": lambda _call, value: bool(integer(text(value))),
    "field": _field,
    "host_only": _host_only,
    "iif": lambda call, value: call.argument(0) if integer(text(value)) else call.argument(1),
    "length": lambda _call, value: len(text(value)),
    "lower": lambda _call, value: text(value).lower(),
    "not": lambda _call, value: not integer(text(value)),
    "regsub": _regsub,
    "upper": lambda _call, value: text(value).upper(),
    "word": _word,
}


def _mapped(call: Call, key: str, exchange: Exchange) -> Value | None:
    """Look a key up in a map file (section 7.3.1, ``map``): keys and values, one pair a line."""
    file = call.argument(0)
    if file not in exchange.files:
        raise Unknown(f"the map {file} was not given")
    matches = _MATCHES.get(call.name)
    if matches is None:
        raise Unknown(f"the converter {call.name} is not followed")
    entries = []
    for line in exchange.files[file].splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            pattern, *rest = line.split(None, 1)
            entries.append((pattern, rest[0].strip() if rest else ""))
    if call.name == "map_beg":  # kept in a tree, where the longest wins
        entries.sort(key=lambda entry: -len(entry[0]))
    for pattern, answer in entries:
        if matches(pattern, key):
            return answer
    return call.argument(1) if len(call.arguments) > 1 else None


def within(pattern: str, given: str, delimiters: str) -> bool:
    """Tell whether a text holds the pattern as a whole between delimiters (``hdr_dom``, ``path_dir``)."""
    pattern = pattern.strip(delimiters)
    if not pattern:
        return False
    edge = "[" + re.escape(delimiters) + "]"
    return re.search(f"(?:^|{edge}){re.escape(pattern)}(?:{edge}|$)", given, re.DOTALL) is not None


DOMAIN, FOLDER = "/?.:", "/?"
"""The delimiters of ``dom`` and of ``dir``."""

_MATCHES: dict[str, Callable[[str, str], bool]] = {
    "map": lambda pattern, key: pattern == key,
    "map_str": lambda pattern, key: pattern == key,
    "map_beg": lambda pattern, key: key.startswith(pattern),
    "map_end": lambda pattern, key: key.endswith(pattern),
    "map_sub": lambda pattern, key: pattern in key,
    "map_dom": lambda pattern, key: within(pattern, key, DOMAIN),
    "map_dir": lambda pattern, key: within(pattern, key, FOLDER),
    "map_reg": lambda pattern, key: patterns.search(pattern, key) is not None,
}
