"""What is compared, and how: candidates in turn, again and again, and the median.

The machine is shared and noisy. So the candidates are asked one right after the other, each for a moment, many times:
load that comes and goes touches all of one turn, and their ratio stays.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
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
    target: Target | None = None
    rounds: int = 4
    """How often everything is started anew."""
    turns: int = 4
    """How often every candidate is asked in a round, after a shorter time that does not count: Node compiles what it
    runs often. A measure that has one turn counts from the start."""


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
    """What the turns of one measure gave, by candidate."""

    measure: Measure
    figures: dict[str, list[float]] = field(default_factory=dict)

    def figure(self, candidate: str) -> float:
        """Return the median."""
        return median(self.figures[candidate])

    def ratio(self, candidate: str) -> float:
        """Return the median of the ratios to the baseline, turn by turn."""
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
        served: opens a candidate's path, everything of it new, and gives its port.
        size: less than 1 shortens every figure and has one turn, for a trial.
        progress: is told what each round brought.
    """
    return [_row(comparison, measure, served, size, progress) for measure in comparison.measures]


def _row(
    comparison: Comparison,
    measure: Measure,
    served: Callable[[Candidate], AbstractContextManager[int]],
    size: float,
    progress: Callable[[str], None],
) -> Row:
    row = Row(measure, {candidate.name: [] for candidate in comparison.candidates})
    rounds = measure.rounds if size == 1 else 1
    for number in range(1, rounds + 1):
        with ExitStack() as open_ones:
            ports = {each.name: open_ones.enter_context(served(each)) for each in comparison.candidates}
            if measure.turns > 1:
                for port in ports.values():
                    measure.take(port, size / 2)
            for _ in range(measure.turns if size == 1 else 1):
                for name, port in ports.items():
                    row.figures[name].append(measure.take(port, size))
        so_far = ", ".join(f"{name} {row.figure(name):,.0f} ({row.ratio(name):.2f})" for name in ports)
        progress(f"{measure.name}, round {number} of {rounds}: {so_far}")
    return row
