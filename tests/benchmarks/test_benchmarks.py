"""Each comparison once, as short as it gets, and what a run writes."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import pytest

from benchmarks import comparisons, report
from benchmarks.comparison import Candidate, Comparison, Measure, Row, Target, run
from benchmarks.servers import served

if TYPE_CHECKING:
    from collections.abc import Iterator

BRIEF = 0.02
EVERY = {comparison.name: comparison for comparison in comparisons.every()}


@pytest.mark.parametrize("name", EVERY)
def test_each_measure_of_each_comparison(name: str) -> None:
    comparison = EVERY[name]
    said: list[str] = []
    rows = run(comparison, served, size=BRIEF, progress=said.append)
    assert [row.measure for row in rows] == list(comparison.measures)
    for row in rows:
        assert list(row.figures) == [candidate.name for candidate in comparison.candidates]
        assert all(len(figures) == 1 and figures[0] > 0 for figures in row.figures.values())
    assert len(said) == len(comparison.measures)


@contextmanager
def a_port(_candidate: Candidate) -> Iterator[int]:
    yield 0


def three(figures: list[float], target: Target | None = None, rounds: int = 3) -> Comparison:
    """A comparison of three candidates that gives these figures in turn."""
    coming = iter(figures)
    names = ("base", "slow", "fast")
    return Comparison(
        "made-up",
        "Made up",
        "Nothing.",
        tuple(Candidate(name, lambda _folder, _origin: a_port(None), f"the {name} one") for name in names),  # type: ignore[arg-type]
        (Measure("things/s", lambda _port, _size: next(coming), target, rounds, turns=1),),
    )


def test_candidates_take_turns_and_ratios_are_those_of_a_turn() -> None:
    comparison = three([100, 50, 90, 10, 4, 10, 1000, 500, 800])
    (row,) = run(comparison, a_port)
    assert row.figures == {"base": [100, 10, 1000], "slow": [50, 4, 500], "fast": [90, 10, 800]}
    assert row.figure("fast") == 90
    assert (row.ratio("base"), row.ratio("slow"), row.ratio("fast")) == (1, 0.5, 0.9)


@pytest.mark.parametrize(
    ("target", "verdict"),
    [
        (None, ""),
        (Target("fast", 0.85), "fast at least 0.85: met"),
        (Target("slow", 0.85), "slow at least 0.85: missed"),
        (Target("fast", 0.85, more_is_better=False), "fast at most 0.85: missed"),
    ],
)
def test_verdict(target: Target | None, verdict: str) -> None:
    (row,) = run(three([100, 50, 90], target, rounds=1), a_port)
    assert row.verdict == verdict


def test_a_section_is_written_and_the_others_stay(tmp_path: Path) -> None:
    comparison = three([100, 50, 90], Target("fast", 0.85), rounds=1)
    rows = run(comparison, a_port)
    page = tmp_path / report.PAGE
    report.write(tmp_path, comparison, rows, "Measured somewhere.")
    first = page.read_text()
    page.write_text(first.replace("made-up", "another").replace("Made up", "Another"))
    report.write(tmp_path, comparison, rows, "Measured somewhere.")
    both = page.read_text()
    assert re.findall(r"^## (.*)$", both, re.MULTILINE) == ["Another", "Made up"]
    report.write(tmp_path, comparison, rows, "Measured elsewhere.")
    assert page.read_text() == both.replace("Nothing. Measured somewhere.", "Nothing. Measured elsewhere.", 2).replace(
        "Nothing. Measured elsewhere.", "Nothing. Measured somewhere.", 1
    )
    assert "| things/s | 100 | 50 (0.50) | 90 (0.90) | fast at least 0.85: met |" in first
    assert str(tmp_path) not in both


def test_the_chart_is_a_picture_that_asks_for_nothing_else(tmp_path: Path) -> None:
    row = Row(Measure("things/s", lambda _port, _size: 0), {"base": [4], "slow": [2], "fast": [3]})
    drawn = report.chart(three([]), [row])
    assert ElementTree.fromstring(drawn).tag == "{http://www.w3.org/2000/svg}svg"
    assert all(f">{ratio}<" in drawn for ratio in ("1.00", "0.50", "0.75"))
    assert not re.findall(r"<script[^>]*(?:href|src)=|@import|url\(\W*(?:http|//)", drawn)
