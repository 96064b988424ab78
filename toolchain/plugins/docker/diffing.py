"""Compare checked inputs with the recorded state, as the Terraform bridge does: property by property.

A property that the program leaves out is a change when the state holds a value, unless the provider computes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolchain.plugins.diffing import Change
from toolchain.plugins.docker.checking import DEFAULTED, given
from toolchain.plugins.docker.facts import Property, facts
from toolchain.plugins.docker.rules import COMPUTED, KEPT_WHEN_EMPTY, ORDERED
from toolchain.plugins.values import Values, has_unknown, plain


def changes(owner: str, state: Values, inputs: Values) -> list[Change]:
    """Compare the recorded state of a resource, ``owner`` by short name, with its new, completed inputs."""
    news, olds = given(plain(inputs)), given(plain(state))
    found = []
    for name, prop in sorted(facts().resources[owner].items()):
        kind = _kind(owner, name, prop, news.get(name), olds.get(name))
        if kind is not None:
            found.append(Change(name, name, kind, prop.replace))
    return found


def delete_before_replace(owner: str, inputs: Values) -> bool:
    """Whether the old one goes first: a container always does, others when a given name would be in the way."""
    return owner == "Container" or (owner in facts().autonamed and "name" not in inputs.get(DEFAULTED, ()))


def _kind(owner: str, name: str, prop: Property, new: Any, old: Any) -> str | None:
    changed = "ADD" if old is None else "UPDATE"
    if has_unknown(new):
        return changed
    if _is_empty(new):
        if prop.computed or _is_zero(old) or (owner, name) in KEPT_WHEN_EMPTY:
            return None
        return "DELETE"
    return None if same(owner, name, prop.type, new, old) else changed


def same(owner: str, name: str, kind: str, new: Any, old: Any) -> bool:
    """Whether two values of a property mean the same: zero and nothing do, and so do sets in another order."""
    if kind.startswith("["):
        return _same_items(owner, name, kind[1:-1], new or [], old or [])
    if kind.startswith("{"):
        return dict(new or {}) == dict(old or {})
    if kind in facts().objects:
        return _same_object(kind, new or {}, old or {})
    return bool(new == old) or (_is_zero(new) and _is_zero(old))


def _same_items(owner: str, name: str, kind: str, new: list[Any], old: list[Any]) -> bool:
    if (owner, name) in ORDERED:
        return len(new) == len(old) and all(same(owner, name, kind, *pair) for pair in zip(new, old, strict=True))
    if kind not in facts().objects:
        return set(new) == set(old)
    left = list(old)
    for item in new:
        match = next((index for index, other in enumerate(left) if _same_object(kind, item, other)), None)
        if match is None:
            return False
        del left[match]
    return not left


def _same_object(kind: str, new: Mapping[str, Any], old: Mapping[str, Any]) -> bool:
    return all(
        ((kind, name) in COMPUTED and new.get(name) is None)
        or same(kind, name, prop.type, new.get(name), old.get(name))
        for name, prop in facts().objects[kind].items()
    )


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {}, "")


def _is_zero(value: Any) -> bool:
    return value is None or value in ([], {}, "", 0, False)
