"""What differs between two plans of a stack."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from raven_realtime.lint.resources import UNKNOWN, Resource
from raven_realtime.preview.plan import Plan

GENERATION = re.compile(r"-[0-9a-f]{8}(?=-|$)")
"""The part of a name that changes with every generation of the sidecar."""
DIGEST = re.compile(r"(?<!sha256:)\b(?:[0-9a-f]{64}|[0-9a-f]{12}|[0-9a-f]{8})\b")
"""What follows from other values: a difference in nothing else is not worth a line. An image's digest is one."""


class Kind(StrEnum):
    """What happens to a resource."""

    CREATED = "created"
    UPDATED = "updated"
    REPLACED = "replaced"
    DELETED = "deleted"


@dataclass(frozen=True)
class Difference:
    """One property."""

    path: str
    before: Any
    after: Any
    """`None` where there is none."""

    @property
    def tells(self) -> bool:
        """Whether it says more than that something it follows from has changed."""
        return not (isinstance(self.before, str) and isinstance(self.after, str)) or (
            DIGEST.sub("", self.before) != DIGEST.sub("", self.after)
        )


@dataclass(frozen=True)
class Change:
    """One resource."""

    kind: Kind
    type: str
    name: str
    differences: tuple[Difference, ...] = ()

    @property
    def telling(self) -> tuple[Difference, ...]:
        """The differences worth showing; a command's `update` line is its `create` line."""
        shown = [one for one in self.differences if one.tells]
        created = {(one.before, one.after) for one in shown if one.path == "create"}
        return tuple(one for one in shown if one.path != "update" or (one.before, one.after) not in created)


def compare(base: Plan, head: Plan) -> list[Change]:
    """List what changes from one plan to another: by type and name, generations of the sidecar being one resource."""
    before = {_key(resource): resource for resource in base.resources}
    after = {_key(resource): resource for resource in head.resources}
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            one = new or old
            assert one is not None  # noqa: S101 (the key is of one of them)
            found.append(Change(Kind.CREATED if new else Kind.DELETED, one.type, one.name))
        elif differences := tuple(_differences("", old.properties, new.properties)):
            kind = Kind.UPDATED if old.name == new.name and not _replaces(new, differences) else Kind.REPLACED
            found.append(Change(kind, new.type, new.name, differences))
        elif old.name != new.name:
            found.append(Change(Kind.REPLACED, new.type, new.name))
    return found


def _key(resource: Resource) -> tuple[str, str]:
    return resource.type, GENERATION.sub("", resource.name)


def _replaces(resource: Resource, differences: tuple[Difference, ...]) -> bool:
    """Tell whether Pulumi replaces it: a command whose triggers change; a volume or image under a new name."""
    first = {difference.path.partition("[")[0].partition(".")[0] for difference in differences}
    if resource.type.startswith("command:"):
        return "triggers" in first
    return resource.type.startswith("docker:index/") and bool(first - {"restart", "memory", "memorySwap"})


def _differences(path: str, before: Any, after: Any) -> Iterator[Difference]:
    before, after = _by_name(before), _by_name(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _differences(f"{path}.{key}" if path else str(key), before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(f"{path}[{index}]", old, new)
    elif isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield from _lines(path, before, after)
    elif before != after and UNKNOWN not in {str(before), str(after)}:
        yield Difference(path, before, after)


def _lines(path: str, before: str, after: str) -> Iterator[Difference]:
    """Compare texts of several lines, such as an nginx configuration, line by line."""
    old, new = before.splitlines(), after.splitlines()
    gone = [line.strip() for line in old if line not in new]
    come = [line.strip() for line in new if line not in old]
    for index in range(max(len(gone), len(come))):
        yield Difference(
            path,
            gone[index] if index < len(gone) else None,
            come[index] if index < len(come) else None,
        )


def _by_name(value: Any) -> Any:
    """Read a list of labels as the map that it is."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) and "label" in each for each in value):
        return {str(each["label"]): each.get("value") for each in value}
    return value
