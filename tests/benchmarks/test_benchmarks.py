"""Each comparison once, as short as it gets, and what a run writes."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import psutil
import pytest

from benchmarks import __main__ as bench
from benchmarks import comparisons, measures, pack, report
from benchmarks.comparison import Candidate, Comparison, Limit, Measure, NoWorse, Row, Target, run
from benchmarks.comparisons import sidecar, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

BRIEF = 0.02
EVERY = {comparison.name: comparison for comparison in comparisons.every()}


MAY_BE_NOTHING = {("sidecar", "workers' memory"), ("sidecar", "sockets of 400 dropped"), ("walk", "WebSockets")}
"""The measures whose answer may be 0 or, of memory that is taken again, less: another test looks at theirs."""


@pytest.mark.parametrize("name", EVERY)
def test_each_measure_of_each_comparison(name: str) -> None:
    comparison = EVERY[name]
    said: list[str] = []
    rows = run(comparison, trial=BRIEF, progress=said.append)
    assert [row.measure for row in rows] == list(comparison.measures)
    for row in rows:
        assert list(row.figures) == [candidate.name for candidate in comparison.candidates]
        free = any(name == of and row.measure.name.startswith(named) for of, named in MAY_BE_NOTHING)
        assert all(len(figures) == 1 and (free or figures[0] > 0) for figures in row.figures.values())
    assert len(said) == len(comparison.measures)


def test_a_walk_asks_no_more_than_a_guest_may() -> None:
    assert walk.costs()[walk.OUTSIDE].requests <= walk.MOST_REQUESTS


def test_the_sidecar_keeps_every_socket_and_its_workers_grow() -> None:
    """What may be nothing in a measurement is something here: else the measure would look at the wrong processes."""
    with TemporaryDirectory() as folder, sidecar.behind_traefik(sidecar.ours)(Path(folder)) as way:
        assert way.master is not None
        assert measures.memory_of_a_socket(way, BRIEF) > 1000
        workers = psutil.Process(way.master).children()
        assert measures.dropped_by_a_change(way, BRIEF) == 0
        assert {*psutil.Process(way.master).children()} - {*workers}, "the configuration was not changed"


def test_a_dropped_socket_is_counted() -> None:
    with TemporaryDirectory() as folder, sidecar.behind_traefik(sidecar.ours)(Path(folder)) as way:
        assert way.master is not None
        workers = psutil.Process(way.master).children()

        def break_off() -> None:
            for worker in workers:
                worker.terminate()

        dropping = replace(way, change=break_off)
        assert measures.dropped_by_a_change(dropping, 0.05) == 20


def test_the_pack_reports_what_is_wrong_in_a_stack() -> None:
    """A pack that judged nothing would be fast."""
    resources = [each for each in pack.stack(1) if each.name == "app-0"]
    labels = resources[0].props["labels"]
    labels[:] = [label for label in labels if "certresolver" not in label["label"]]
    _, reported = pack.judge(resources)
    assert any("certresolver" in message for message in reported)


@contextmanager
def nothing(_folder: Path) -> Iterator[None]:
    yield


def three(figures: list[float], *targets: Target, rounds: int = 3) -> Comparison[None]:
    """A comparison of three candidates that gives these figures in turn."""
    coming = iter(figures)
    return Comparison(
        "made-up",
        "Made up",
        "Nothing.",
        tuple(Candidate(name, nothing, f"the {name} one") for name in ("base", "slow", "fast")),
        (Measure("things/s", lambda _opened, _size: next(coming), targets, rounds, turns=1),),
    )


def test_candidates_take_turns_and_ratios_are_those_of_a_turn() -> None:
    comparison = three([100, 50, 90, 10, 4, 10, 1000, 500, 800])
    (row,) = run(comparison)
    assert row.figures == {"base": [100, 10, 1000], "slow": [50, 4, 500], "fast": [90, 10, 800]}
    assert row.figure("fast") == 90
    assert (row.ratio("base"), row.ratio("slow"), row.ratio("fast")) == (1, 0.5, 0.9)


@pytest.mark.parametrize(
    ("figures", "targets", "verdict"),
    [
        ([100, 50, 90], (), ""),
        ([100, 50, 90], (Target("fast", 0.85),), "fast at least 0.85: met"),
        ([100, 50, 90], (Target("slow", 0.85),), "slow at least 0.85: missed"),
        ([100, 50, 90], (Target("fast", 0.85, more_is_better=False),), "fast at most 0.85: missed"),
        ([100, 50, 90], (Target("fast", 1, against="slow"),), "fast at least 1 times slow: met"),
        ([100, 50, 49.8], (Target("fast", 1, against="slow"),), "fast at least 1 times slow: met"),  # 1.00, as printed
        ([100, 50, 49.7], (Target("fast", 1, against="slow"),), "fast at least 1 times slow: missed"),
        ([100, 50, 90], (Limit("fast", 20_000, more_is_better=False),), "fast at most 20,000 itself: met"),
        ([100, 50, 90], (Limit("fast", 89, more_is_better=False),), "fast at most 89 itself: missed"),
        ([0, 0, 0], (Target("fast", 1, more_is_better=False, against="slow"),), "fast at most 1 times slow: met"),
        ([0, 0, 2], (Target("fast", 1, more_is_better=False, against="slow"),), "fast at most 1 times slow: missed"),
        ([1, 50, 90], (NoWorse("fast", 1, against="slow"),), "fast no worse than slow: met (1.80 to 1.80 times)"),
        ([1, 50, 40], (NoWorse("fast", 1, against="slow"),), "fast no worse than slow: missed (0.80 to 0.80 times)"),
        (
            [1, 50, 90],
            (NoWorse("fast", 1, more_is_better=False, against="slow"),),
            "fast no worse than slow: missed (1.80 to 1.80 times)",
        ),
        (
            [100, 50, 90],
            (Target("fast", 0.85), Limit("slow", 51)),
            "fast at least 0.85: met; slow at least 51 itself: missed",
        ),
    ],
)
def test_verdict(figures: list[float], targets: tuple[Target, ...], verdict: str) -> None:
    (row,) = run(three(figures, *targets, rounds=1))
    assert row.verdict == verdict
    assert [str(target) for target in row.missed] == [
        said.partition(": ")[0] for said in verdict.split("; ") if ": missed" in said
    ]


@pytest.mark.parametrize(
    ("ratios", "interval"),
    [
        pytest.param([0.9], (0.9, 0.9), id="one turn"),
        pytest.param([1.2, 0.8, 1.0, 0.9, 1.1], (0.8, 1.2), id="five turns: too few to leave one out"),
        pytest.param(
            [0.1, 0.96, 0.97, 0.98, 0.99, 1.01, 1.02, 1.03, 7], (0.96, 1.03), id="nine turns: without either end"
        ),
    ],
)
def test_two_that_do_the_same_are_not_told_apart_by_a_turn_that_went_wrong(
    ratios: list[float], interval: tuple[float, float]
) -> None:
    row = Row(three([]).measures[0], {"base": [1.0] * len(ratios), "own": ratios})
    assert row.interval("own", "base") == interval
    assert NoWorse("own", 1, against="base").met(row) is (interval[1] >= 1)


def test_where_the_baseline_has_nothing_figures_stand_alone() -> None:
    comparison = three([0, 0, 7], rounds=1)
    rows = run(comparison)
    assert "| things/s | 0 | 0 | 7 |  |" in report.markdown(comparison, rows, "Measured somewhere.")
    assert ElementTree.fromstring(report.chart(comparison, rows)) is not None


@pytest.mark.parametrize(
    ("figure", "last"), [(90, "Missed targets: none."), (50, "Missed targets: things/s: fast at least 0.85.")]
)
def test_a_missed_target_is_the_last_word_and_no_failure(
    figure: float, last: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    comparison = three([100, 50, figure], Target("fast", 0.85), rounds=1)
    monkeypatch.setattr(comparisons, "every", lambda: [comparison])
    monkeypatch.setattr(bench, "enter_own_network", lambda: False)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert bench.main(["--docs", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == last


def test_a_section_is_written_and_the_others_stay(tmp_path: Path) -> None:
    comparison = three([100, 50, 90], Target("fast", 0.85), rounds=1)
    rows = run(comparison)
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
