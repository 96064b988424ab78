"""The part of CEL, the language of ngrok's Traffic Policy, that speaks of a request: what is outside it is not known.

Source: ngrok's documentation of Traffic Policy (expressions, variables, macros), and CEL's language definition.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import parse_qs

import re2

from raven_realtime.proxies.interface import Request
from raven_realtime.proxies.tunnels.address import host_of

Known = str | bool | int | tuple[str, ...]
"""What an expression can come to, as far as it is followed; lists are of strings."""
Value = Known | None
"""None: not known from the configuration and the request."""

_DEEPEST = 30
_TOKEN = re.compile(
    r"""\s*(?:(?P<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<number>\d+)(?![\w.])
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign>&&|\|\||==|!=|[!()\[\],.]))""",
    re.VERBOSE,
)
_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")


class _Unfollowed(Exception):  # noqa: N818 (a part of the language that is not followed; never leaves this module)
    pass


def evaluate(expression: str, request: Request, scheme: str) -> bool | None:
    """Tell whether an expression is true of a request.

    Args:
        expression: As it is written in a rule's ``expressions``.
        request: What reaches the endpoint.
        scheme: ``http`` or ``https``.

    Returns:
        None where it cannot be told.
    """
    value = _value(expression, request, scheme)
    return value if isinstance(value, bool) else None


def interpolate(text: str, request: Request, scheme: str) -> str | None:
    """Put the values of a request into a text's ``${…}``; None where one of them is not known."""
    unknown = False

    def known(match: re.Match[str]) -> str:
        nonlocal unknown
        value = _value(match[1], request, scheme)
        unknown = unknown or not isinstance(value, str)
        return value if isinstance(value, str) else ""

    result = _PLACEHOLDER.sub(known, text)
    return None if unknown else result


def _value(expression: str, request: Request, scheme: str) -> Value:
    try:
        return _Reader(list(_tokens(expression)), _variables(request, scheme), request).whole()
    except _Unfollowed:
        return None


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    at, end = 0, len(expression.rstrip())
    while at < end:
        match = _TOKEN.match(expression, at)
        if match is None or match.lastgroup is None:
            raise _Unfollowed
        at = match.end()
        yield match.lastgroup, match[match.lastgroup]


def _variables(request: Request, scheme: str) -> Mapping[str, Known]:
    return {
        "req.method": request.method,
        "req.host": request.host,
        "req.url": f"{scheme}://{request.host}{request.target}",
        "req.url.scheme": scheme,
        "req.url.authority": request.host,
        "req.url.host": host_of(request.host),
        "req.url.path": request.path,
        "req.url.query": request.target.partition("?")[2],
        "req.headers": tuple(name.lower() for name, _ in request.headers),
        "conn.client_ip": request.client,
        "true": True,
        "false": False,
    }


class _Reader:
    """Reads an expression and evaluates it on the way; a part that is not known makes the whole so where it matters."""

    def __init__(self, tokens: list[tuple[str, str]], variables: Mapping[str, Known], request: Request) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0
        self._variables = variables
        self._request = request

    def whole(self) -> Value:
        value = self._either()
        if self._at < len(self._tokens):
            raise _Unfollowed
        return value

    def _takes(self, sign: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at] == ("sign", sign)
        self._at += found
        return found

    def _needs(self, sign: str) -> None:
        if not self._takes(sign):
            raise _Unfollowed

    def _either(self) -> Value:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unfollowed
        values = [self._both()]
        while self._takes("||"):
            values.append(self._both())
        self._depth -= 1
        return _joined(values, decisive=True)

    def _both(self) -> Value:
        values = [self._compared()]
        while self._takes("&&"):
            values.append(self._compared())
        return _joined(values, decisive=False)

    def _compared(self) -> Value:
        left = self._negated()
        if self._takes("=="):
            return _equal(left, self._negated())
        if self._takes("!="):
            return _opposite(_equal(left, self._negated()))
        if self._at < len(self._tokens) and self._tokens[self._at] == ("name", "in"):
            self._at += 1
            right = self._negated()
            return left in right if isinstance(left, str) and isinstance(right, tuple) else None
        return left

    def _negated(self) -> Value:
        opposite = False
        while self._takes("!"):
            opposite = not opposite
        value = self._called()
        return _opposite(value) if opposite else value

    def _called(self) -> Value:
        value = self._primary()
        while True:
            if self._takes("["):
                value = _item(value, self._either())
                self._needs("]")
            elif self._takes("."):
                value = self._method(value)
            else:
                return value

    def _primary(self) -> Value:
        if self._takes("("):
            value = self._either()
            self._needs(")")
            return value
        if self._takes("["):
            values = self._list("]")
            return tuple(value for value in values if isinstance(value, str)) if _all_text(values) else None
        if self._at >= len(self._tokens):
            raise _Unfollowed
        kind, token = self._tokens[self._at]
        self._at += 1
        if kind == "text":
            return _unquoted(token)
        if kind == "number":
            return int(token[:18])
        if kind == "name":
            return self._named(token)
        raise _Unfollowed

    def _named(self, name: str) -> Value:
        if self._takes("("):
            arguments = self._list(")")
            owner, _, method = name.rpartition(".")
            if owner:
                return _call(method, self._variables.get(owner), arguments)
            return self._macro(name, arguments)
        if name == "req.headers" and self._takes("["):
            wanted = self._either()
            self._needs("]")
            return tuple(self._request.values(wanted)) if isinstance(wanted, str) else None
        return self._variables.get(name)

    def _method(self, owner: Value) -> Value:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != "name":
            raise _Unfollowed
        name = self._tokens[self._at][1]
        self._at += 1
        if not self._takes("("):
            return None
        return _call(name, owner, self._list(")"))

    def _macro(self, name: str, arguments: list[Value]) -> Value:
        argument = arguments[0] if len(arguments) == 1 else None
        if not isinstance(argument, str):
            return None
        query = parse_qs(self._request.target.partition("?")[2], keep_blank_values=True)
        found = {"ReqHeader": self._request.values(argument), "QueryParam": query.get(argument, [])}.get(name[3:])
        if found is None or name[:3] not in ("has", "get"):
            return None
        return bool(found) if name.startswith("has") else tuple(found)

    def _list(self, closing: str) -> list[Value]:
        values: list[Value] = []
        while not self._takes(closing):
            if values:
                self._needs(",")
            values.append(self._either())
        return values


def _joined(values: list[Value], decisive: bool) -> Value:
    """Join the sides of ``||``, where one true side decides, or of ``&&``, where one false side does."""
    if len(values) == 1:
        return values[0]
    if any(value is decisive for value in values):
        return decisive
    return (not decisive) if all(value is (not decisive) for value in values) else None


def _all_text(values: list[Value]) -> bool:
    return all(isinstance(value, str) for value in values)


def _equal(left: Value, right: Value) -> Value:
    return None if left is None or right is None else type(left) is type(right) and left == right


def _opposite(value: Value) -> Value:
    return not value if isinstance(value, bool) else None


def _item(value: Value, index: Value) -> Value:
    if isinstance(value, tuple) and isinstance(index, int) and 0 <= index < len(value):
        return value[index]
    return None


_METHODS: Mapping[str, Callable[[str, str], bool]] = {
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "contains": str.__contains__,
}


def _call(name: str, owner: Value, arguments: list[Value]) -> Value:
    if not isinstance(owner, str):
        return None
    if name == "lowerAscii" and not arguments:
        return owner.lower()
    argument = arguments[0] if len(arguments) == 1 else None
    if not isinstance(argument, str):
        return None
    if name in _METHODS:
        return _METHODS[name](owner, argument)
    if name == "matches":
        pattern = compiled(argument)
        return None if pattern is None else pattern.search(owner) is not None
    return None


def compiled(pattern: str) -> re2._Regexp | None:
    """Compile a regular expression as Go does; None for a text that is none."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError):
        return None


def _unquoted(token: str) -> str:
    escapes = {"n": "\n", "t": "\t", "r": "\r"}
    return re.sub(r"\\(.)", lambda match: escapes.get(match[1], match[1]), token[1:-1], flags=re.DOTALL)
