"""Two faults at once: the doctor names the outer one, and the inner one once the outer is mended."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest

from tests.symptoms.listing import symptoms
from tests.symptoms.path import Path, Symptom
from tests.symptoms.world import World, asked

ON_THE_WAY_IN = (
    Symptom(34, "RT034", {"url": "https://chat.invalid"}),
    Symptom(35, "RT035", {"url": "https://localhost:4443"}),
    Symptom(36, "RT036", {"trusted": False}),
)
"""Name, port, certificate."""
BEHIND = (14, 26, 4, 2, 7, 25, 22, 9, 13, 12, 21, 33)
"""One symptom for each part of the path, outermost first, by its number."""
INSIDE = ((2, 29), (1, 18), (5, 18))
"""Pairs whose inner fault shows to a look at the server; it could explain the outer one's code, and does not."""
ALWAYS = 30
"""How many pairs every run asks: neighbours, then those that are least far apart and not slow."""
SLOW = frozenset([21, 22, 33])
"""Symptoms that show only after seconds of waiting."""


def numbered() -> dict[int, Symptom]:
    """Return every symptom that is paired, by its number."""
    return {symptom.number: symptom for symptom in (*ON_THE_WAY_IN, *symptoms().values())}


def pairs() -> Iterator[object]:
    """Give every pair that can be at once."""
    chain = [*(symptom.number for symptom in ON_THE_WAY_IN), *BEHIND]

    def cost(pair: tuple[int, int]) -> tuple[bool, int]:
        apart = chain.index(pair[1]) - chain.index(pair[0])
        return apart > 1 and not SLOW.isdisjoint(pair), apart

    possible = sorted(combinations(chain, 2), key=cost)
    # Name and port are both in the URL, which is one.
    possible.remove((34, 35))
    for place, (outer, inner) in enumerate((*INSIDE, *possible)):
        marks = () if place < ALWAYS + len(INSIDE) else (pytest.mark.full,)
        yield pytest.param(numbered()[outer], numbered()[inner], id=f"{outer} before {inner}", marks=marks)


@pytest.mark.parametrize(("outer", "inner"), list(pairs()))
def test_pair(world: World, outer: Symptom, inner: Symptom) -> None:
    both = Path().with_fault(outer.asks).with_fault(inner.asks)
    said = []
    for path in (both.with_fault(outer.fault).with_fault(inner.fault), both.with_fault(inner.fault)):
        with world.standing(path) as question:
            verdict = asked(question, path).verdict
        said.append(verdict and verdict[1].code)
    assert said == [outer.code, inner.code]


def test_at_least_thirty_pairs() -> None:
    assert len([pair for pair in pairs() if not getattr(pair, "marks", ())]) >= ALWAYS
