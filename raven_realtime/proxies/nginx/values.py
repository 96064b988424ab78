"""nginx's units: times, sizes, flags."""

from __future__ import annotations

import re

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.unreadable import Unreadable

_TIME = re.compile(r"(\d+)(ms|[smhdwMy]?)\s*")
_SECONDS = {"ms": 0.001, "": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "M": 2592000, "y": 31536000}
_SIZE = re.compile(r"(\d+)([kKmMgG]?)")
_BYTES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def seconds(text: str) -> float | None:
    """Return a time such as ``86400``, ``60s``, ``1h30m`` in seconds; None if it is not one (a variable, a typo)."""
    total, at = 0.0, 0
    while at < len(text):
        if (found := _TIME.match(text, at)) is None:
            return None
        total += int(found[1]) * _SECONDS[found[2]]
        at = found.end()
    return total if text else None


def size(text: str) -> int | None:
    """Return a size such as ``50m`` in bytes; None if it is not one."""
    found = _SIZE.fullmatch(text)
    return int(found[1]) * _BYTES[found[2].lower()] if found else None


def status(text: str, directive: Directive) -> int:
    """Return an HTTP status that a directive names.

    Raises:
        Unreadable: it is not one.
    """
    if not re.fullmatch(r"[1-9]\d\d", text):
        raise Unreadable(f"{directive.place}: {text!r} in {directive.name} is not an HTTP status. Example: 404.")
    return int(text)
