"""The policy pack's own time on stacks of 125 to 1,000 containers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks import pack
from benchmarks.comparison import Candidate, Comparison, Limit, Measure, Target

COUNTS = (125, 250, 500, 1000)


def containers(count: int) -> Callable[[Path], AbstractContextManager[int]]:
    """Judge this many."""

    @contextmanager
    def opened(_folder: Path) -> Iterator[int]:
        yield count

    return opened


def seconds(count: int, size: float) -> float:
    """Return the seconds that the policies take, each time in a new process, where nothing is remembered.

    Raises:
        RuntimeError: a policy found something in a stack where all is well.
    """
    command = [sys.executable, "-m", pack.__name__, str(int(count * size) or 1)]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True, check=True)
    result = json.loads(done.stdout)
    if result["reported"]:
        raise RuntimeError(f"the pack reported {result['reported'][0]}")
    return float(result["seconds"])


def named(count: int) -> str:
    """Return what a stack of this size is called."""
    return f"{count:,} containers"


COMPARISON = Comparison(
    name="policies",
    title="The policy pack on large stacks",
    about=(
        "The time of our policies' own code: each resource through every resource policy, all of them through every "
        "stack policy. Twice as many routers as containers; one container in ten is a sidecar of ours with its "
        "configuration. Each doubling may take 2.3 times as long."
    ),
    candidates=tuple(
        Candidate(named(count), containers(count), f"{2 * count:,} routers, {count // pack.SIDECARS:,} sidecars")
        for count in COUNTS
    ),
    measures=(
        Measure(
            "seconds (less is better)",
            seconds,
            (
                *(Target(named(2 * half), 2.3, more_is_better=False, against=named(half)) for half in COUNTS[:-1]),
                Limit(named(COUNTS[-1]), 5, more_is_better=False),
            ),
            rounds=5,
            turns=1,
        ),
    ),
    rank=40,
)
