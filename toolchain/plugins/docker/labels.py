"""Labels as the package writes them, a list of objects, and as the daemon does, a map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def from_labels(labels: Iterable[Mapping[str, Any]] | None) -> dict[str, str]:
    """Return the map of a list of ``{label, value}``."""
    return {entry["label"]: entry["value"] for entry in labels or ()}


def to_labels(labels: Mapping[str, str] | None) -> list[dict[str, str]]:
    """Return the list of ``{label, value}`` of a map, sorted by label."""
    return [{"label": label, "value": value} for label, value in sorted((labels or {}).items())]
