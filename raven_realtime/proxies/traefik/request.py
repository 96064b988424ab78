"""A request as it is sent, and as Traefik's routers see it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType
from urllib.parse import quote_from_bytes, unquote_to_bytes

from raven_realtime.proxies.record import record

Headers = tuple[tuple[str, str], ...]

_UNESCAPED = "$&+,/:;=@"
"""What Go leaves alone in a path beside letters, digits and ``-._~``."""
_ALLOWED = re.compile(rb"[A-Za-z0-9\-._~$&+,/:;=@!'()*\[\]%]*\Z")
_ESCAPE = re.compile(rb"%(..)", re.DOTALL)
_BROKEN_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_RESERVED = frozenset(f"%{ord(character):02X}".encode() for character in ":/?#[]@!$&'()*+,;=%")
_SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.\-]*:")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_HOST = re.compile(r"[0-9A-Za-z!$%&()*+,\-.:;='\[\]_~]*\Z")
_FORWARDED = frozenset(
    "X-Forwarded-" + name
    for name in (
        "Proto", "For", "Host", "Port", "Server", "Uri", "Method", "Prefix", "Tls-Client-Cert", "Tls-Client-Cert-Info",
    )
) | {"X-Real-Ip"}  # fmt: skip


@record
class Request:
    """A request as a client sends it."""

    host: str
    """The Host header, with a port where the client sends one."""
    target: str = "/"
    """Path and query as they stand in the request line, not decoded. Bytes that are not UTF-8 are surrogate escapes."""
    method: str = "GET"
    headers: Headers = ()
    client_ip: str = "192.0.2.1"
    """The address the connection comes from: X-Forwarded-For does not count for routing."""
    tls: bool = False
    """Whether the connection is encrypted: routers with and without TLS live in separate worlds."""


@record
class PathRules:
    """What an entrypoint does with paths before they are matched."""

    sanitize: bool = True
    """`http.sanitizePath`: remove `.` and `..` segments and repeated slashes."""
    denied: frozenset[str] = frozenset()
    """Escapes, such as `%2F`, that a matched router answers with 400 (`http.encodedCharacters`)."""
    keep_query_semicolons: bool = False
    """`http.encodeQuerySemicolons`: otherwise a semicolon separates parameters as `&` does."""
    trusts_forwarded: bool = False
    """`forwardedHeaders.insecure`: X-Forwarded-* headers of clients are kept."""


DEFAULT_RULES = PathRules()
"""Those of an entrypoint that says nothing."""


@record
class Seen:
    """What a router's rule is asked about."""

    method: str
    host: str
    """Lower case, without the port: what `Host` and v3's `HostRegexp` see."""
    raw_host: str
    """Without the port only: what v2's `HostRegexp` sees."""
    path: bytes
    """The routing path: cleaned and decoded, but for reserved characters."""
    escaped_path: bytes
    """The path as it goes to the service, and in which denied escapes are sought."""
    query: Mapping[bytes, tuple[bytes, ...]] = field(default_factory=lambda: MappingProxyType({}))
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """By canonical name."""
    client_ip: str = ""


class Rejected(Exception):  # noqa: N818 (an answer, not a programming error)
    """Traefik answers 400 before any router is asked. The message says why."""


def see(request: Request, rules: PathRules = DEFAULT_RULES) -> Seen:
    """Follow a request through everything that Traefik does before it asks the routers.

    Args:
        request: The request as sent.
        rules: The entrypoint's settings.

    Raises:
        Rejected: If Traefik answers 400 at once.
    """
    if not _TOKEN.match(request.method):
        raise Rejected("the method is not a token")
    target = request.target.encode(errors="surrogateescape")
    if any(byte < 0x20 or byte == 0x7F for byte in target):
        raise Rejected("a control character in the path")
    authority, path, query = _split(target)
    host = authority or request.host
    if not host and not authority:
        raise Rejected("no Host header")
    if not _HOST.match(request.host):
        raise Rejected("a character in the Host header that no host has")
    escaped = _escaped_path(path, sanitize=rules.sanitize)
    if not rules.keep_query_semicolons:
        query = query.replace(b";", b"&")
    bare = host_without_port(host)
    return Seen(
        method=request.method,
        host=bare.strip().lower(),
        raw_host=_without_port(host),
        path=_routing_path(escaped),
        escaped_path=escaped,
        query=_parameters(query),
        headers=_headers(request, host, trusted=rules.trusts_forwarded),
        client_ip=request.client_ip,
    )


def canonical(name: str) -> str:
    """Spell a header's name as Go does: `x-real-ip` becomes `X-Real-Ip`."""
    if not _TOKEN.match(name):
        return name
    return "-".join(part[:1].upper() + part[1:].lower() for part in name.split("-"))


def host_without_port(host: str) -> str:
    """Remove the port, and the brackets of an IPv6 address."""
    bare = _without_port(host)
    if bare == host and ":" in host and host.startswith("[") and host.endswith("]"):
        return host[1:-1]
    return bare


def _without_port(address: str) -> str:
    """Remove the port where there is one, as Go's SplitHostPort takes it; the whole address otherwise."""
    host, colon, port = address.rpartition(":")
    if not colon:
        return address
    if host.startswith("["):
        inside, bracket, rest = host[1:].partition("]")
        if not bracket or rest or "[" in inside or "[" in port or "]" in port:
            return address
        return inside
    if any(character in host for character in ":[]") or "[" in port or "]" in port:
        return address
    return host


def _split(target: bytes) -> tuple[str, bytes, bytes]:
    """Split a request's target into the host of an absolute one, path and query."""
    if not target:
        raise Rejected("an empty path")
    if target == b"*":
        return "", b"*", b""
    scheme = _SCHEME.match(target)
    rest = target[scheme.end() :] if scheme else target
    rest, _, query = rest.partition(b"?")
    if not rest.startswith(b"/"):
        raise Rejected("a path that does not begin with a slash")
    authority = b""
    if scheme and rest.startswith(b"//"):
        authority, slash, tail = rest[2:].partition(b"/")
        rest = slash + tail
    return authority.rpartition(b"@")[2].decode(errors="surrogateescape"), rest, query


def _escaped_path(raw: bytes, *, sanitize: bool) -> bytes:
    if _BROKEN_ESCAPE.search(raw):
        raise Rejected("a percent sign that is not followed by two hexadecimal digits")
    decoded = unquote_to_bytes(raw)
    hint = raw if raw != _escape(decoded) else b""
    if b"#" in hint:
        raise Rejected("a fragment in the path")
    if hint:
        hint = _ESCAPE.sub(_normal_escape, hint)
    escaped = _choose(decoded, hint)
    if sanitize:
        cleaned = _clean(escaped)
        decoded = unquote_to_bytes(cleaned)
        escaped = _choose(decoded, cleaned)
    return escaped


def _choose(decoded: bytes, hint: bytes) -> bytes:
    """Prefer the sender's spelling of a path while it is a valid spelling of the decoded one."""
    if hint and _ALLOWED.match(hint) and unquote_to_bytes(hint) == decoded:
        return hint
    return b"*" if decoded == b"*" else _escape(decoded)


def _escape(path: bytes) -> bytes:
    return quote_from_bytes(path, safe=_UNESCAPED).encode()


def _normal_escape(escape: re.Match[bytes]) -> bytes:
    byte = int(escape[1], 16)
    return bytes([byte]) if byte in _UNRESERVED else escape[0].upper()


def _clean(path: bytes) -> bytes:
    """Remove empty, `.` and `..` segments; keep a slash at the end."""
    rooted = path if path.startswith(b"/") else b"/" + path
    kept: list[bytes] = []
    for segment in rooted.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in {b"", b"."}:
            kept.append(segment)
    cleaned = b"/" + b"/".join(kept)
    if rooted.endswith(b"/") and not cleaned.endswith(b"/"):
        cleaned += b"/"
    return cleaned if path.startswith(b"/") else cleaned[1:]


def _routing_path(escaped: bytes) -> bytes:
    return _ESCAPE.sub(
        lambda escape: escape[0] if escape[0] in _RESERVED else bytes([int(escape[1], 16)]),
        escaped,
    )


def _parameters(query: bytes) -> Mapping[bytes, tuple[bytes, ...]]:
    """Read a query as Go does: a pair with a broken escape or a semicolon is left out."""
    found: dict[bytes, tuple[bytes, ...]] = {}
    for pair in query.split(b"&"):
        if not pair or b";" in pair or _BROKEN_ESCAPE.search(pair):
            continue
        key, _, value = pair.partition(b"=")
        key, value = (unquote_to_bytes(part.replace(b"+", b" ")) for part in (key, value))
        found[key] = (*found.get(key, ()), value)
    return MappingProxyType(found)


def _headers(request: Request, host: str, *, trusted: bool) -> Mapping[str, tuple[str, ...]]:
    """Collect the headers by canonical name, as Traefik's forwarding stage leaves them."""
    headers: dict[str, tuple[str, ...]] = {}
    for name, value in request.headers:
        key = canonical(name)
        if key != "Host" and (trusted or key not in _FORWARDED):
            headers[key] = (*headers.get(key, ()), value.strip(" \t"))
    upgrade = _upgrade(headers)
    if "X-Real-Ip" not in headers:
        headers["X-Real-Ip"] = (request.client_ip.partition("%")[0],)
    if not headers.get("X-Forwarded-Proto", ("",))[0]:
        scheme = (
            "ws"
            if _has_token(headers, "Connection", "upgrade") and _has_token(headers, "Upgrade", "websocket")
            else "http"
        )
        headers["X-Forwarded-Proto"] = (scheme + "s" * request.tls,)
    if not headers.get("X-Forwarded-Port", ("",))[0]:
        secure = request.tls or headers["X-Forwarded-Proto"][0] in {"https", "wss"}
        port = host.rpartition(":")[2] if _without_port(host) != host else ""
        headers["X-Forwarded-Port"] = (port or ("443" if secure else "80"),)
    if not headers.get("X-Forwarded-Host", ("",))[0]:
        headers["X-Forwarded-Host"] = (host,)
    for value in headers.pop("Connection", ()):
        for option in value.split(","):
            if (name := canonical(option.strip(" \t"))) not in _FORWARDED:
                headers.pop(name, None)
    if upgrade:
        headers |= {"Upgrade": (upgrade,), "Connection": ("Upgrade",)}
    return MappingProxyType(headers)


def _has_token(headers: Mapping[str, tuple[str, ...]], name: str, token: str) -> bool:
    first = headers.get(name, ("",))[0]
    return any(part.strip().lower() == token for part in first.split(","))


def _upgrade(headers: Mapping[str, tuple[str, ...]]) -> str:
    """Tell which protocol the Connection header asks to change to."""
    asked = any(
        part.strip(" \t").lower() == "upgrade" for value in headers.get("Connection", ()) for part in value.split(",")
    )
    return headers.get("Upgrade", ("",))[0] if asked else ""
