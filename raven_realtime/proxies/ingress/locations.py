"""nginx's choice among the locations that a controller writes for a host.

https://nginx.org/en/docs/http/ngx_http_core_module.html#location
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

import re2

from raven_realtime.proxies.record import record

T = TypeVar("T")


@record
class NginxLocation(Generic[T]):
    """A location: ``=``, a prefix (no modifier), ``~`` or ``~*``."""

    modifier: str
    path: str
    holds: T


class Unmatchable(Exception):  # noqa: N818 (an answer about a pattern, not a programming error)
    """A pattern that cannot be tried here; the message says why."""


def fitting(pattern: str, text: str, *, fold: bool = False, whole: bool = False) -> re2._Match | None:
    """Try a regular expression on a text, in time that grows with the text's length only.

    Args:
        pattern: As the configuration has it.
        text: What is tried, such as a path.
        fold: Whether case does not count.
        whole: Whether the text has to fit from end to end; anywhere otherwise.

    Raises:
        Unmatchable: If the pattern has what RE2 does not have (look-around, back references), or is malformed.
    """
    options = re2.Options()
    options.case_sensitive = not fold
    options.log_errors = False
    try:
        tried = re2.compile(_encodable(pattern), options)
    except re2.error as error:
        reason = error.args[0] if error.args else "malformed"
        reason = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise Unmatchable(f"the pattern {pattern!r} cannot be followed: {reason}") from None
    return tried.fullmatch(_encodable(text)) if whole else tried.search(_encodable(text))


def _encodable(text: str) -> str:
    """Return a text that RE2 takes: bytes that were no UTF-8 are replaced."""
    return text.encode(errors="replace").decode()


def choose(locations: Iterable[NginxLocation[T]], path: str) -> NginxLocation[T] | None:
    """Return the location that gets a path: exact, then the first pattern, then the longest prefix.

    Raises:
        Unmatchable: If a pattern that is to be tried cannot be.
    """
    known = list(locations)
    exact = next((found for found in known if found.modifier == "=" and found.path == path), None)
    if exact:
        return exact
    for found in known:
        if found.modifier in ("~", "~*") and fitting(found.path, path, fold=found.modifier == "~*"):
            return found
    prefixes = [found for found in known if not found.modifier and path.startswith(found.path)]
    return max(prefixes, key=lambda found: len(found.path), default=None)
