"""Limits on time, judged by the best of a few runs: what else a machine does slows one run, and hardly each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

RUNS = 3
T = TypeVar("T")


def within(seconds: float, run: Callable[[], T], took: Callable[[T], float]) -> T:
    """Run until one run is in time, at most `RUNS` times, and return it.

    Args:
        seconds: the limit itself; it does not stretch.
        run: what is limited.
        took: the seconds that a run took.

    Raises:
        AssertionError: none is in time.
    """
    times = []
    for _ in range(RUNS):
        result = run()
        times.append(took(result))
        if times[-1] < seconds:
            return result
    raise AssertionError(f"took {', '.join(f'{time:.1f}' for time in times)} s; the limit is {seconds:.0f} s")
