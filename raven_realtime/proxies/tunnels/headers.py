"""What a proxy does to the headers of a request."""

from __future__ import annotations

from raven_realtime.proxies.interface import Headers, Request

HOP_BY_HOP = (
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)
"""Headers for the next hop only (RFC 9110, section 7.6.1, and those that older proxies send)."""

UPGRADE: Headers = (("Connection", "Upgrade"), ("Upgrade", "websocket"))


def end_to_end(request: Request) -> Headers:
    """Return the headers that are not for the next hop only: the named ones go, and those that Connection names."""
    named = {option.strip().lower() for value in request.values("Connection") for option in value.split(",")}
    return without(request.headers, *HOP_BY_HOP, *named)


def without(headers: Headers, *names: str) -> Headers:
    """Leave headers out; the names in any case."""
    gone = {name.lower() for name in names}
    return tuple((name, value) for name, value in headers if name.lower() not in gone)


def replaced(headers: Headers, *given: tuple[str, str]) -> Headers:
    """Set headers, in place of all of the same name."""
    return (*without(headers, *(name for name, _ in given)), *given)


def appended(headers: Headers, name: str, value: str) -> Headers:
    """Add a value to the end of a comma-separated header."""
    values = [old for given, old in headers if given.lower() == name.lower()]
    return replaced(headers, (name, ", ".join([*values, value])))
