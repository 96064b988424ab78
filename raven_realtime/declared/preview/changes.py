"""What differs between two plans of a stack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from raven_realtime.declared.preview.plan import Plan
from raven_realtime.declared.resources import UNKNOWN, Resource
from raven_realtime.proxies.record import record

GENERATION = re.compile(r"-[0-9a-f]{8}(?=[-: ]|$)")
"""The part of a name that changes with every generation of the sidecar."""
DIGEST = re.compile(r"(?<!sha256:)\b(?:[0-9a-f]{64}|[0-9a-f]{12}|[0-9a-f]{8})\b")
"""What follows from other values: a difference in nothing else is not worth a line. An image's digest is one."""

CREATE = re.compile(r"^create\b")
LONG = 160
"""Characters of a text above which only what differs in it is told."""


class Kind(StrEnum):
    """What happens to a resource."""

    CREATED = "created"
    UPDATED = "updated"
    REPLACED = "replaced"
    DELETED = "deleted"


@record
class Difference:
    """One property."""

    path: str
    """Of the property; in a text of several lines, with the line and its block: ``stdin:76 (location /)``."""
    before: Any
    after: Any
    """`None` where there is none."""

    @property
    def tells(self) -> bool:
        """Whether it says more than that something it follows from has changed."""
        return not (isinstance(self.before, str) and isinstance(self.after, str)) or (
            DIGEST.sub("", self.before).split() != DIGEST.sub("", self.after).split()
        )


@record
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
        created = [replace(one, path=CREATE.sub("update", one.path)) for one in shown if CREATE.match(one.path)]
        return tuple(one for one in shown if one not in created)


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
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _differences(f"{path}.{key}" if path else str(key), before.get(key), after.get(key))
    elif isinstance(before, list) and isinstance(after, list):
        yield from _elements(path, before, after)
    elif isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
        yield from _lines(path, before, after)
    elif isinstance(before, str) and isinstance(after, str) and max(len(before), len(after)) > LONG:
        yield from _words(path, before, after)
    elif UNKNOWN not in {str(before), str(after)}:
        yield Difference(path, before, after)


def _elements(path: str, before: list[Any], after: list[Any]) -> Iterator[Difference]:
    """Compare lists by what is in them: one more at the front does not make all that follow differ."""
    old, new = ([json.dumps(each, sort_keys=True) for each in side] for side in (before, after))
    for gone, come in _parting(old, new):
        for was, now in zip_longest(gone, come):
            index = now if now is not None else was
            yield from _differences(
                f"{path}[{index}]",
                None if was is None else before[was],
                None if now is None else after[now],
            )


def _lines(path: str, before: str, after: str) -> Iterator[Difference]:
    """Compare texts of several lines, such as an nginx configuration: each line with its number and its block."""
    old, new = before.splitlines(), after.splitlines()
    found: list[Difference] = []
    for gone, come in _parting(_steady(old), _steady(new)):
        for was, now in zip_longest(gone, come):
            lines, at = (old, was or 0) if now is None else (new, now)
            found += _differences(
                f"{path}:{at + 1}{_block(lines, at)}",
                None if was is None else old[was].strip(),
                None if now is None else new[now].strip(),
            )
    yield from found or [Difference(path, before, after)]


def _block(lines: Sequence[str], at: int) -> str:
    """Name the block that a line is indented in: " (location /socket.io/)"; empty at the top."""
    depth = _indent(lines[at])
    above = (line for line in reversed(lines[:at]) if line.strip() and _indent(line) < depth)
    opening = next(above, "").strip()
    return f" ({opening.removesuffix('{').strip()})" if opening.endswith("{") else ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _words(path: str, before: str, after: str) -> Iterator[Difference]:
    """Compare long texts of one line, such as a command: the words that differ, with the option or key before them."""
    old, new = before.split(), after.split()
    found = []
    for gone, come in _parting(_steady(old), _steady(new)):
        even = len(gone) == len(come)
        each = [(range(a, a + 1), range(b, b + 1)) for a, b in zip(gone, come, strict=True)] if even else [(gone, come)]
        found += [Difference(path, _said(old, was), _said(new, now)) for was, now in each]
    yield from found or [Difference(path, before, after)]


def _said(words: Sequence[str], at: range) -> str | None:
    if not at:
        return None
    named = at.start and (words[at.start - 1].startswith("-") or words[at.start - 1].endswith(":"))
    return " ".join(words[at.start - 1 if named else at.start : at.stop])


def _parting(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[range, range]]:
    """Yield where two sequences differ: the positions in the one, and those in the other that stand in their place."""
    for kind, a, b, c, d in SequenceMatcher(None, old, new).get_opcodes():
        if kind != "equal":
            yield range(a, b), range(c, d)


def _steady(texts: Sequence[str]) -> list[str]:
    """Leave out what only follows from other values."""
    return [DIGEST.sub("", text) for text in texts]


def _by_name(value: Any) -> Any:
    """Read a list of labels as the map that it is."""
    if isinstance(value, list) and value and all(isinstance(each, Mapping) and "label" in each for each in value):
        return {str(each["label"]): each.get("value") for each in value}
    return value
