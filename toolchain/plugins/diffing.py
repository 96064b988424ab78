"""What changed between two sets of inputs, path by path, and what of it replaces the resource."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from toolchain.plugins.values import ARCHIVE, ASSET, Values, plain, signature


@dataclass(frozen=True)
class Change:
    """One changed property."""

    path: str
    """Such as ``environment["A"]`` or ``triggers[0]``."""
    property: str
    """The top-level property it lies in."""
    kind: str
    """``ADD``, ``DELETE`` or ``UPDATE``."""
    replaces: bool


def changes(old: Values, new: Values, replaces: Callable[[str], bool]) -> list[Change]:
    """Compare inputs; secrets are compared by value, assets by the hash the engine computed, unknowns count as changed.

    Args:
        old: The inputs of the last update, possibly with properties the schema did not have then.
        new: The checked inputs of this one.
        replaces: Tells whether a change of the named top-level property replaces the resource.
    """
    return [
        Change(path, name, kind, replaces(name))
        for name in sorted(old.keys() | new.keys())
        if not name.startswith("__")
        for path, kind in _compare(name, plain(old.get(name)), plain(new.get(name)))
    ]


def _compare(path: str, old: Any, new: Any) -> Iterator[tuple[str, str]]:
    if old == new:
        return
    if old is None:
        yield path, "ADD"
    elif new is None:
        yield path, "DELETE"
    elif _is_asset(old) or _is_asset(new):
        if content(old) != content(new):
            yield path, "UPDATE"
    elif isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            step = f".{key}" if key.isidentifier() else f'["{key}"]'
            yield from _compare(path + step, old.get(key), new.get(key))
    elif isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            yield from _compare(
                f"{path}[{index}]",
                old[index] if index < len(old) else None,
                new[index] if index < len(new) else None,
            )
    else:
        yield path, "UPDATE"


def _is_asset(value: Any) -> bool:
    return signature(value) in {ASSET, ARCHIVE}


def content(value: Any) -> Any:
    """Return what a value is compared by: an asset by its hash, which is all that the engine keeps of it."""
    return (signature(value), value["hash"]) if _is_asset(value) and value.get("hash") else value
