"""Two faults at once: the doctor names the outer one, and the inner one once the outer is mended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import pytest

from tests.symptoms.listing import symptoms
from tests.symptoms.path import Path
from tests.symptoms.world import World, asked, first

Fault = tuple[str, Mapping[str, Any]]


def chain() -> dict[str, Fault]:
    """Return one fault for each part of the path, outermost first: name to code and knobs."""
    on_the_way_in: dict[str, Fault] = {
        "name": ("RT034", {"url": "https://chat.invalid"}),
        "port": ("RT035", {"url": "https://localhost:4443"}),
        "certificate": ("RT036", {"trusted": False}),
    }
    behind = (14, 26, 4, 2, 7, 25, 9)
    known = {symptom.number: (name, symptom) for name, symptom in symptoms().items()}
    named = {known[number][0]: (known[number][1].code, known[number][1].fault) for number in behind}
    return on_the_way_in | named


def pairs() -> Iterator[object]:
    """Give every pair that can be at once; neighbours always, the others in the full run."""
    names = list(chain())
    for outer, inner in combinations(names, 2):
        if {outer, inner} == {"name", "port"}:
            continue  # both are in the URL, which is one
        near = names.index(inner) == names.index(outer) + 1
        marks = () if near else (pytest.mark.full,)
        yield pytest.param(chain()[outer], chain()[inner], id=f"{outer} before {inner}", marks=marks)


@pytest.mark.parametrize(("outer", "inner"), list(pairs()))
def test_pair(world: World, outer: Fault, inner: Fault) -> None:
    said = []
    for path in (Path().with_fault(outer[1]).with_fault(inner[1]), Path().with_fault(inner[1])):
        with world.standing(path) as question:
            found = first(asked(question, path))
        said.append(found and found.code)
    assert said == [outer[0], inner[0]]


def test_at_least_thirty_pairs() -> None:
    assert len(list(pairs())) >= 30
