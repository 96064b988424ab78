"""The shape of a rule: matchers joined by *all*, *any* and *not*."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.request import Seen


class Node(Protocol):
    """A rule or a part of one."""

    def test(self, seen: Seen) -> bool:
        """Tell whether a request matches."""


N = TypeVar("N", bound="All | AnyOf")


def _joined(kind: type[N], parts: Sequence[Node]) -> Node | N:
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else [part])
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


@record
class All:
    """Every part matches."""

    parts: tuple[Node, ...]

    @staticmethod
    def of(parts: Sequence[Node]) -> Node:
        """Join, without a layer more than needed."""
        return _joined(All, parts)

    def test(self, seen: Seen) -> bool:
        """Tell whether a request matches."""
        return all(part.test(seen) for part in self.parts)


@record
class AnyOf:
    """One part or more matches."""

    parts: tuple[Node, ...]

    @staticmethod
    def of(parts: Sequence[Node]) -> Node:
        """Join, without a layer more than needed."""
        return _joined(AnyOf, parts)

    def test(self, seen: Seen) -> bool:
        """Tell whether a request matches."""
        return any(part.test(seen) for part in self.parts)


@record
class Not:
    """The part does not match."""

    part: Node

    def test(self, seen: Seen) -> bool:
        """Tell whether a request matches."""
        return not self.part.test(seen)


def leaves(node: Node, *, negated: bool = True) -> Iterator[Node]:
    """Walk over the matchers of a rule; `negated` are those behind a `!`."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        match current:
            case All(parts) | AnyOf(parts):
                waiting.extend(reversed(parts))
            case Not(part):
                waiting.extend([part] if negated else [])
            case _:
                yield current
