"""Values of a configuration, whatever stands there: people feed it anything."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d)")


def strings(value: Any) -> tuple[str, ...]:
    """Return the texts of a list; a text alone counts as a list of one, anything else as none."""
    if isinstance(value, str):
        return (value,)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list | tuple) else ()


def table(value: Any) -> Mapping[str, Any]:
    """Return an object of JSON; an empty one if it is none."""
    return value if isinstance(value, Mapping) else {}


def tables(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def seconds(value: Any) -> float | None:
    """Return a duration: nanoseconds as a number, or text such as ``1m30s``; None for none, for 0 and for nonsense.

    Source: https://caddyserver.com/docs/conventions#durations.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value / 1e9 if value > 0 else None
    if not isinstance(value, str) or not re.fullmatch(f"(?:{_DURATION.pattern})+", value):
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(value)) or None
