"""What is compared, and how: candidates in turn, round after round, and the median of the rounds.

The machine is shared and noisy. So a candidate's figure stands beside the baseline's of the same round: load that comes
and goes touches both, and their ratio stays.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

Serve = Callable[[Path, int], AbstractContextManager[int]]
"""Have a path to the Socket.IO process on a port of 127.0.0.1, with files in a folder; gives the path's own port."""


@dataclass(frozen=True)
class Candidate:
    """One way to the Socket.IO process."""

    name: str
    serve: Serve
    about: str
    """What it is, in a sentence."""


@dataclass(frozen=True)
class Target:
    """What a candidate's ratio to the baseline has to be."""

    candidate: str
    bound: float
    more_is_better: bool = True

    def met(self, ratio: float) -> bool:
        """Tell whether a ratio is good enough."""
        return ratio >= self.bound if self.more_is_better else ratio <= self.bound

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.candidate} {'at least' if self.more_is_better else 'at most'} {self.bound:g}"


@dataclass(frozen=True)
class Measure:
    """One question to every candidate."""

    name: str
    take: Callable[[int, float], float]
    """Measure the path at a port of 127.0.0.1; the size is 1, or less for a trial run."""
    rounds: int = 5
    target: Target | None = None


@dataclass(frozen=True)
class Comparison:
    """A table of its own: what a module of `benchmarks.comparisons` holds as ``COMPARISON``."""

    name: str
    """Names its section of docs/benchmarks.md and its chart."""
    title: str
    about: str
    candidates: tuple[Candidate, ...]
    """The first is the baseline."""
    measures: tuple[Measure, ...]
    rank: int = 100
    """Where its section stands among the others."""


@dataclass
class Row:
    """What the rounds of one measure gave, by candidate."""

    measure: Measure
    figures: dict[str, list[float]] = field(default_factory=dict)

    def figure(self, candidate: str) -> float:
        """Return the median of the rounds."""
        return median(self.figures[candidate])

    def ratio(self, candidate: str) -> float:
        """Return the median of the ratios to the baseline, round by round."""
        baseline = next(iter(self.figures.values()))
        return median(own / base if base else 0.0 for own, base in zip(self.figures[candidate], baseline, strict=True))

    @property
    def verdict(self) -> str:
        """Say the target and whether it is met; empty where there is none."""
        target = self.measure.target
        if target is None:
            return ""
        return f"{target}: {'met' if target.met(self.ratio(target.candidate)) else 'missed'}"


def run(
    comparison: Comparison,
    served: Callable[[Candidate], AbstractContextManager[int]],
    *,
    size: float = 1,
    progress: Callable[[str], None] = lambda _line: None,
) -> list[Row]:
    """Take every measure of a comparison.

    Args:
        comparison: what to compare.
        served: opens a candidate's path for one figure, everything of it new, and gives its port.
        size: less than 1 shortens every figure and has one round, for a trial.
        progress: is told each figure.
    """
    rows = []
    for measure in comparison.measures:
        row = Row(measure, {candidate.name: [] for candidate in comparison.candidates})
        rounds = measure.rounds if size == 1 else 1
        for number in range(1, rounds + 1):
            for candidate in comparison.candidates:
                with served(candidate) as port:
                    figure = measure.take(port, size)
                row.figures[candidate.name].append(figure)
                progress(f"{measure.name}, round {number} of {rounds}, {candidate.name}: {figure:,.0f}")
        rows.append(row)
    return rows
