"""Every row is really produced, and the doctor ends with one of the codes that are right for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from raven_realtime.live.doctor.diagnosis import Diagnosis
from tests.truth.conftest import Standing
from tests.truth.rows import ALL, HEALTHY, ROWS, Row
from tests.truth.stand import walked


def each() -> Iterator[object]:
    """Give each row on each of its generations, those of one generation together; in the ordinary run on one only."""
    for generation in ALL:
        for row in ROWS:
            if generation in row.generations:
                marks = () if generation == row.generations[0] else pytest.mark.full
                yield pytest.param(generation, row, id=f"{generation}: {row.what}", marks=marks)


@pytest.mark.parametrize(("generation", "row"), list(each()))
def test_row(standing: Standing, generation: str, row: Row) -> None:
    stand = standing(generation)
    with stand.broken(row) as question:
        for who, wanted in row.wanted.items():
            said = walked(stand.asking(question, row, who))
            assert accepted(said, wanted), told(said, who, wanted)


def accepted(diagnosis: Diagnosis, wanted: frozenset[str]) -> bool:
    """Whether the verdict is one of those that are right; where nothing is broken a warning is no verdict."""
    if wanted == HEALTHY:
        return diagnosis.healthy
    return diagnosis.verdict is not None and not diagnosis.healthy and diagnosis.verdict[1].code in wanted


def told(diagnosis: Diagnosis, who: str, wanted: frozenset[str]) -> str:
    """Say what was said instead, for whoever reads a failed test."""
    lines = [f"{result.outcome:12} {result.hop}: {result.summary}" for result in diagnosis.results]
    verdict = diagnosis.verdict[1].code if diagnosis.verdict is not None else "none"
    return "\n".join([f"{who}: wanted {', '.join(sorted(wanted)) or 'healthy'}, said {verdict}", *lines])
