"""Limits on time, judged by the best of a few runs: what else a machine does slows one run, and hardly each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

RUNS = 3
MARGIN = 1.5
"""A limit is for the machine at hand, with nothing beside it; a CI machine may be half as quick."""
T = TypeVar("T")


def within(seconds: float, run: Callable[[], T], took: Callable[[T], float]) -> T:
    """Run until one run is in time, at most `RUNS` times, and return it.

    Args:
        seconds: the limit; `MARGIN` times as long is let pass.
        run: what is limited.
        took: the seconds that a run took.

    Raises:
        AssertionError: none is in time.
    """
    times = []
    for _ in range(RUNS):
        result = run()
        times.append(took(result))
        if times[-1] < seconds * MARGIN:
            return result
    raise AssertionError(
        f"took {', '.join(f'{time:.1f}' for time in times)} s; the limit is {seconds:.0f} s, {MARGIN} times"
    )
