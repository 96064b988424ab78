"""What a rule's matchers ask of a request: one class a question, and the functions of both rule languages.

Source: Traefik 3.6, "Rules & Priority" of the HTTP routers; the differential tests compare with the program.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.goregexp import LARGEST, BadPattern, GoRegexp, text
from raven_realtime.proxies.traefik.request import Seen, canonical
from raven_realtime.proxies.traefik.tree import All, AnyOf, Node

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Matcher(Protocol):
    """One question. Equal matchers ask the same; `path` tells whether only the routing path matters."""

    def test(self, seen: Seen) -> bool:
        """Answer it for a request."""


class BadArgument(ValueError):  # noqa: N818 (named for what it is)
    """Traefik refuses the argument. The message says what is accepted."""

    def __init__(self, message: str, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index
        """Which argument, from 0; None for the call as a whole."""


@record
class Host:
    """The host is this one; a full stop at the end of either does not count."""

    name: str

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        if not seen.host:
            return False
        return seen.host == self.name or seen.host + "." == self.name or seen.host == self.name + "."


@record
class HostRegexp:
    """The host matches; Traefik also asks the expression about the empty text, the host's unknown CNAME."""

    pattern: GoRegexp

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return self.pattern.matches(seen.host) or self.pattern.matches("")


@record
class HostWildcard(HostRegexp):
    """The host is one label below a domain: Host(`*.example.com`) of Traefik 3.7."""

    name: str
    """As it is written: ``*.example.com``."""


@record
class HostTemplate:
    """v2's HostRegexp: a template, asked about the host as it was sent."""

    pattern: GoRegexp

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return self.pattern.matches(seen.raw_host)


@record
class Path:
    """The routing path is exactly this."""

    path: bytes

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return seen.path == self.path


@record
class PathPrefix:
    """The routing path begins with this, wherever a segment ends: `/socket.io` takes `/socket.iox` too."""

    prefix: bytes

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return seen.path.startswith(self.prefix)


@record
class PathRegexp:
    """The routing path matches."""

    pattern: GoRegexp

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return self.pattern.matches(text(seen.path))


@record
class Method:
    """The method is this."""

    name: str

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return seen.method == self.name


@record
class Header:
    """One of the header's values is this."""

    name: str
    value: str

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return self.value in seen.headers.get(self.name, ())


@record
class HeaderRegexp:
    """One of the header's values matches."""

    name: str
    pattern: GoRegexp

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return any(self.pattern.matches(value) for value in seen.headers.get(self.name, ()))


@record
class Query:
    """One of the parameter's values is this; with no value asked for, an empty one."""

    key: bytes
    value: bytes

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return self.value in seen.query.get(self.key, ())


@record
class QueryRegexp:
    """One of the parameter's values matches."""

    key: bytes
    pattern: GoRegexp

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        return any(self.pattern.matches(text(value)) for value in seen.query.get(self.key, ()))


@record
class QueryTemplate:
    """v2's Query: a template for `key=value`, asked about the parameter's first value."""

    key: bytes
    pattern: GoRegexp

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        values = seen.query.get(self.key)
        return self.pattern.matches(text(self.key + b"=" + values[0]) if values else "")


@record
class ClientIP:
    """The connection comes from this address or network."""

    network: Network

    def test(self, seen: Seen) -> bool:
        """Answer for a request."""
        try:
            address = ipaddress.ip_address(seen.client_ip)
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        return address in self.network


def required_hosts(node: Node) -> frozenset[str] | None:
    """Tell which hosts a rule can match at all (without a full stop at the end); None where it may match any."""
    match node:
        case Host(name):
            return frozenset({name.removesuffix(".")})
        case All(parts):
            known = [hosts for part in parts if (hosts := required_hosts(part)) is not None]
            return frozenset.intersection(*known) if known else None
        case AnyOf(parts):
            each = [required_hosts(part) for part in parts]
            known = [hosts for hosts in each if hosts is not None]
            return frozenset().union(*known) if len(known) == len(each) else None
        case _:
            return None


Build = Callable[[Sequence[bytes]], Node]


def _regexp(raw: bytes, index: int) -> GoRegexp:
    if len(raw) > LARGEST:
        raise BadArgument(f"the regular expression has {len(raw)} bytes; at most {LARGEST} are read", index)
    try:
        return GoRegexp(_utf8(raw, index))
    except BadPattern as error:
        raise BadArgument(f"not a regular expression of Go's: {error}", index) from error


def _utf8(raw: bytes, index: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise BadArgument("the argument is not UTF-8", index) from None


def _ascii(raw: bytes, index: int) -> str:
    if not raw.isascii():
        raise BadArgument(
            "only ASCII characters are accepted in a host; write an international name in punycode", index
        )
    return raw.decode("ascii")


def _rooted(raw: bytes, index: int) -> bytes:
    if not raw.startswith(b"/"):
        raise BadArgument("a path begins with a slash", index)
    return raw


def _client_ip(raw: bytes, index: int) -> Node:
    address, slash, bits = _latin(raw).partition("/")
    refused = BadArgument("an IP address or a network such as 10.0.0.0/8 is accepted", index)
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        raise refused from None
    if "%" in address or (slash and not (re.fullmatch("[0-9]{1,8}", bits) and int(bits) <= ip.max_prefixlen)):
        raise refused
    length = int(bits) if slash else ip.max_prefixlen
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip, length = ip.ipv4_mapped, max(length - 96, 0)
    return ClientIP(ipaddress.ip_network(f"{ip}/{length}", strict=False))


def _latin(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")


def _query(arguments: Sequence[bytes]) -> Node:
    return Query(arguments[0], arguments[1] if len(arguments) > 1 else b"")


def _query_regexp(arguments: Sequence[bytes]) -> Node:
    if len(arguments) == 1:
        return _query(arguments)
    return QueryRegexp(arguments[0], _regexp(arguments[1], 1))


def _exactly(counts: tuple[int, ...], build: Build) -> Build:
    def checked(arguments: Sequence[bytes]) -> Node:
        if len(arguments) not in counts:
            wanted = " or ".join(map(str, counts))
            raise BadArgument(f"{len(arguments)} arguments where {wanted} {'is' if wanted == '1' else 'are'} accepted")
        return build(arguments)

    return checked


def _each(build: Callable[[bytes, int], Node]) -> Build:
    """Build a matcher for each argument: any of them will do."""
    return lambda arguments: AnyOf.of([build(argument, index) for index, argument in enumerate(arguments)])


def _host(raw: bytes, index: int) -> Node:
    return Host(_ascii(raw, index).lower())


def _one(build: Callable[[bytes, int], Node]) -> Build:
    return _exactly((1,), lambda arguments: build(arguments[0], 0))


V3: Mapping[str, Build] = {
    "ClientIP": _one(_client_ip),
    "Host": _one(_host),
    "HostRegexp": _one(lambda raw, index: HostRegexp(_regexp(_ascii(raw, index).encode(), index))),
    "Path": _one(lambda raw, index: Path(_rooted(raw, index))),
    "PathPrefix": _one(lambda raw, index: PathPrefix(_rooted(raw, index))),
    "PathRegexp": _one(lambda raw, index: PathRegexp(_regexp(raw, index))),
    "Method": _one(lambda raw, _: Method(_latin(raw).upper())),
    "Header": _exactly((2,), lambda pair: Header(canonical(_latin(pair[0])), _latin(pair[1]))),
    "HeaderRegexp": _exactly((2,), lambda pair: HeaderRegexp(canonical(_latin(pair[0])), _regexp(pair[1], 1))),
    "Query": _exactly((1, 2), _query),
    "QueryRegexp": _exactly((1, 2), _query_regexp),
}
"""The functions of the rule language of Traefik 3."""


def _host_3_7(raw: bytes, index: int) -> Node:
    name = _ascii(raw, index).lower()
    if not name.startswith("*.") or "*" in name[1:]:
        return Host(name)
    return HostWildcard(_regexp(rf"^[^.]*{re.escape(name[1:].removesuffix('.'))}\.?$".encode(), index), name)


def _host_3_7_7(raw: bytes, index: int) -> Node:
    return HostRegexp(_regexp(b"^.+$", index)) if raw == b"*" else _host_3_7(raw, index)


V3_7: Mapping[str, Build] = {**V3, "Host": _one(_host_3_7)}
"""The same of Traefik 3.7, in which a host may begin with a wildcard for one label."""
V3_7_7: Mapping[str, Build] = {**V3, "Host": _one(_host_3_7_7)}
"""The same from Traefik 3.7.7 on, in which a wildcard alone is every host."""


# --- the language of Traefik 2, which version 3 still reads where `ruleSyntax` is v2


@record
class _Template:
    """A text with `{name}` and `{name:pattern}` in it."""

    names: tuple[str, ...]
    pattern: GoRegexp


def _template(raw: bytes, index: int, default: str, *, before: str = "^", after: str = "$") -> _Template:
    template = _utf8(raw, index)
    names: list[str] = []
    pattern, end = before, 0
    for start, stop in _braces(template, index):
        name, colon, inner = template[start + 1 : stop - 1].partition(":")
        inner = inner if colon else default
        if not name or not inner:
            raise BadArgument("a template's braces hold a name, or a name, a colon and a pattern", index)
        _regexp(f"^{inner}$".encode(), index)
        pattern += f"{re.escape(template[end:start])}(?P<v{len(names)}>{inner})"
        names.append(name)
        end = stop
    pattern += re.escape(template[end:]) + after
    return _Template(tuple(names), _regexp(pattern.encode(), index))


def _braces(template: str, index: int) -> list[tuple[int, int]]:
    """Find the outermost pairs of braces."""
    found: list[tuple[int, int]] = []
    level = start = 0
    for position, character in enumerate(template):
        if character == "{":
            level += 1
            if level == 1:
                start = position
        elif character == "}":
            level -= 1
            if level == 0:
                found.append((start, position + 1))
        if level < 0:
            break
    if level:
        raise BadArgument("the braces of the template do not pair", index)
    return found


def _path_v2(raw: bytes, index: int) -> Node:
    _rooted(raw, index)
    template = _template(raw, index, "[^/]+")
    return PathRegexp(template.pattern) if template.names else Path(raw)


def _path_prefix_v2(raw: bytes, index: int) -> Node:
    _rooted(raw, index)
    template = _template(raw, index, "[^/]+", after="")
    return PathRegexp(template.pattern) if template.names else PathPrefix(raw)


def _host_regexp_v2(raw: bytes, index: int) -> Node:
    return HostTemplate(_template(_ascii(raw, index).encode(), index, "[^.]+", before="(?i)^").pattern)


def _pairs(arguments: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    if len(arguments) % 2:
        raise BadArgument(f"{len(arguments)} arguments where pairs are accepted")
    return [(arguments[index], arguments[index + 1]) for index in range(0, len(arguments), 2)]


def _headers_v2(arguments: Sequence[bytes]) -> Node:
    pairs = dict(_pairs(arguments))
    return All.of([Header(canonical(_latin(name)), _latin(value)) for name, value in pairs.items()])


def _headers_regexp_v2(arguments: Sequence[bytes]) -> Node:
    pairs = {name: _regexp(value, 2 * index + 1) for index, (name, value) in enumerate(_pairs(arguments))}
    return All.of([HeaderRegexp(canonical(_latin(name)), pattern) for name, pattern in pairs.items()])


def _query_v2(arguments: Sequence[bytes]) -> Node:
    parts = [part for argument in arguments for part in argument.split(b"=", 1)]
    seen: set[str] = set()
    nodes: list[Node] = []
    for key, value in _pairs(parts):
        template = _template(key + b"=" + value, 0, ".*", after="$" if value else ".*$")
        if seen & set(template.names):
            raise BadArgument("a template's name is used twice")
        seen |= set(template.names)
        nodes.append(QueryTemplate((key + b"=" + value).partition(b"=")[0], template.pattern))
    return All.of(nodes)


V2: Mapping[str, Build] = {
    "Host": _each(_host),
    "HostHeader": _each(_host),
    "HostRegexp": _each(_host_regexp_v2),
    "ClientIP": _each(_client_ip),
    "Path": _each(_path_v2),
    "PathPrefix": _each(_path_prefix_v2),
    "Method": _each(lambda raw, _: Method(_latin(raw).upper())),
    "Headers": _headers_v2,
    "HeadersRegexp": _headers_regexp_v2,
    "Query": _query_v2,
}
"""The functions of the rule language of Traefik 2."""
