"""What is compared, and how: candidates in turn, again and again, and the median.

The machine is shared and noisy. So the candidates are asked one right after the other, each for a moment, many times:
load that comes and goes touches all of one turn, and their ratio stays.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from math import comb, inf
from pathlib import Path
from statistics import median
from typing import Any, Generic, TypeVar

Opened = TypeVar("Opened")
"""What the candidates of a comparison are when they are open: a way to Socket.IO, a command that can be run."""


@dataclass(frozen=True)
class Candidate(Generic[Opened]):
    """One of those that are compared."""

    name: str
    open: Callable[[Path], AbstractContextManager[Opened]]
    """Start everything it needs, with files in a folder that is its own, and stop it again."""
    about: str
    """What it is, in a sentence."""


@dataclass(frozen=True)
class Target:
    """What a candidate's ratio to another has to be."""

    candidate: str
    bound: float
    more_is_better: bool = True
    against: str = ""
    """The other; empty for the baseline."""

    def met(self, row: Row) -> bool:
        """Tell whether it is reached, as far as the table shows: two digits of a ratio."""
        value = round(self._value(row), 2)
        return value >= self.bound if self.more_is_better else value <= self.bound

    def verdict(self, row: Row) -> str:
        """Say whether it is reached."""
        return "met" if self.met(row) else "missed"

    def _value(self, row: Row) -> float:
        return row.ratio(self.candidate, self.against)

    def __str__(self) -> str:
        """Say it in words."""
        times = f" times {self.against}" if self.against else ""
        return f"{self.candidate} {'at least' if self.more_is_better else 'at most'} {self.bound:,g}{times}"


class NoWorse(Target):
    """That a candidate is not told apart from another, or is better.

    Where two do the same, each is ahead in about half of the turns; the median alone would be a coin's verdict.
    """

    def met(self, row: Row) -> bool:
        """Tell whether the 95 % confidence interval of the median reaches as good as the other."""
        lowest, highest = row.interval(self.candidate, self.against)
        return round(highest, 2) >= self.bound if self.more_is_better else round(lowest, 2) <= self.bound

    def verdict(self, row: Row) -> str:
        """Say whether it is reached, and the interval."""
        lowest, highest = row.interval(self.candidate, self.against)
        return f"{super().verdict(row)} ({lowest:.2f} to {highest:.2f} times)"

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.candidate} no worse than {self.against}"


class Limit(Target):
    """What a candidate's figure itself has to be."""

    def _value(self, row: Row) -> float:
        return row.figure(self.candidate)

    def __str__(self) -> str:
        """Say it in words."""
        return f"{super().__str__()} itself"


@dataclass(frozen=True)
class Measure(Generic[Opened]):
    """One question to every candidate."""

    name: str
    take: Callable[[Opened, float], float]
    """Measure an open candidate; the size is 1, or less for a trial run."""
    targets: tuple[Target, ...] = ()
    rounds: int = 3
    """How often everything is started anew."""
    turns: int = 3
    """How often every candidate is asked in a round, after a longer time that does not count: Node compiles what it
    runs often, and runs the least behind the slowest way. A measure that has one turn counts from the start."""


@dataclass(frozen=True)
class Comparison(Generic[Opened]):
    """A table of its own: what a module of `benchmarks.comparisons` holds as ``COMPARISON``."""

    name: str
    """Names its section of docs/benchmarks.md and its chart."""
    title: str
    about: str
    candidates: tuple[Candidate[Opened], ...]
    """The first is the baseline."""
    measures: tuple[Measure[Opened], ...]
    rank: int = 100
    """Where its section stands among the others."""


@dataclass
class Row:
    """What the turns of one measure gave, by candidate."""

    measure: Measure[Any]
    figures: dict[str, list[float]] = field(default_factory=dict)

    def figure(self, candidate: str) -> float:
        """Return the median."""
        return median(self.figures[candidate])

    def ratio(self, candidate: str, against: str = "") -> float:
        """Return the median of the ratios to another candidate, by default the baseline, turn by turn.

        Nothing is as much as nothing (1), and anything is endlessly more.
        """
        return median(self._ratios(candidate, against))

    def interval(self, candidate: str, against: str) -> tuple[float, float]:
        """Return the bounds between which the median of such ratios lies with 95 % confidence.

        They are the ratios themselves that as many are below or above as a fair coin hardly ever falls short of (sign
        test: of nine, the second from either end); of fewer than six all are between.
        """
        ratios = sorted(self._ratios(candidate, against))
        count = len(ratios)
        outside = 0
        while sum(comb(count, few) for few in range(outside + 1)) <= 0.025 * 2**count:
            outside += 1
        outside = max(outside - 1, 0)
        return ratios[outside], ratios[-1 - outside]

    def _ratios(self, candidate: str, against: str) -> list[float]:
        other = self.figures[against or next(iter(self.figures))]
        return [_ratio(own, base) for own, base in zip(self.figures[candidate], other, strict=True)]

    @property
    def comparable(self) -> bool:
        """Whether the baseline has something that others can be a multiple of."""
        return all(next(iter(self.figures.values())))

    @property
    def verdict(self) -> str:
        """Say each target and whether it is met; empty where there is none."""
        return "; ".join(f"{target}: {target.verdict(self)}" for target in self.measure.targets)

    @property
    def missed(self) -> list[Target]:
        """The targets that are not met."""
        return [target for target in self.measure.targets if not target.met(self)]


def _ratio(own: float, base: float) -> float:
    if base:
        return own / base
    return inf if own else 1.0


def run(
    comparison: Comparison[Opened], *, trial: float = 0, progress: Callable[[str], None] = lambda _line: None
) -> list[Row]:
    """Take every measure of a comparison.

    Args:
        comparison: what to compare.
        trial: between 0 and 1: every candidate is opened once, and asked once for this part of the time and size.
        progress: is told what each round brought.
    """
    if not trial:
        return [_row(comparison, measure, progress) for measure in comparison.measures]
    rows = []
    with _opened(comparison) as ways:
        for measure in comparison.measures:
            rows.append(row := Row(measure, {name: [measure.take(way, trial)] for name, way in ways.items()}))
            progress(f"{measure.name}: {_so_far(row)}")
    return rows


def _row(comparison: Comparison[Opened], measure: Measure[Opened], progress: Callable[[str], None]) -> Row:
    row = Row(measure, {candidate.name: [] for candidate in comparison.candidates})
    for number in range(1, measure.rounds + 1):
        with _opened(comparison) as ways:
            if measure.turns > 1:
                for way in ways.values():
                    measure.take(way, 2)
            for _ in range(measure.turns):
                for name, way in ways.items():
                    row.figures[name].append(measure.take(way, 1))
        progress(f"{measure.name}, round {number} of {measure.rounds}: {_so_far(row)}")
    return row


def _so_far(row: Row) -> str:
    return ", ".join(f"{name} {said(row, name)}" for name in row.figures)


@contextmanager
def _opened(comparison: Comparison[Opened]) -> Iterator[dict[str, Opened]]:
    """Open every candidate, each with a folder of its own, for the time of the block."""
    with ExitStack() as kept:
        ways = {}
        for each in comparison.candidates:
            folder = kept.enter_context(tempfile.TemporaryDirectory(prefix="raven-realtime-bench-"))
            ways[each.name] = kept.enter_context(each.open(Path(folder)))
        yield ways


def said(row: Row, candidate: str) -> str:
    """Return a candidate's figure, and its ratio to the baseline if that is another and has something."""
    figure = row.figure(candidate)
    text = f"{figure:,.0f}" if figure >= 100 or figure == int(figure) else f"{figure:.3g}"
    return f"{text} ({row.ratio(candidate):.2f})" if row.comparable and candidate != next(iter(row.figures)) else text
