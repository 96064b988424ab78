"""``python -m benchmarks``: measure, print side by side, and write docs/benchmarks.md with its charts."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import signal
import sys
from pathlib import Path

from rich.console import Console

from benchmarks import comparisons, machine, report
from benchmarks.comparison import run
from demo.own_network import enter_own_network
from raven_realtime.problem import Problem

DOCS = Path(__file__).parents[1] / "docs"


def main(words: list[str] | None = None) -> int:
    """Run the comparisons that are named, or all; return the exit code: 0, whether or not a target is missed."""
    known = {comparison.name: comparison for comparison in comparisons.every()}
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to compare, or all: {', '.join(known)}")
    parser.add_argument("--trial", action="store_true", help="ask everything once and shortly, and write nothing")
    parser.add_argument("--docs", type=Path, default=DOCS, help="the folder to write to")
    given = parser.parse_args(words)
    if unknown := [name for name in given.names if name not in known]:
        parser.error(f"no comparison is called {unknown[0]}; there are: {', '.join(known)}")
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # servers are stopped on the way out
    enter_own_network()
    descriptors = machine.raise_descriptors()
    console = Console(width=max(120, Console().width))
    try:
        ground = (
            f"Measured on {dt.datetime.now(dt.UTC):%Y-%m-%d} on {machine.described()}; "
            f"a process may open {descriptors:,} files; the load average was {os.getloadavg()[0]:.1f} when it began."
        )
        console.print(ground, highlight=False)
        missed: list[str] = []
        for comparison in (known[name] for name in given.names or known):
            rows = run(
                comparison,
                trial=0.02 if given.trial else 0,
                progress=lambda line: console.print(f"  {line}", highlight=False, style="dim"),
            )
            console.print(report.table(comparison, rows))
            missed += [f"{row.measure.name}: {target}" for row in rows for target in row.missed]
            if not given.trial:
                report.write(given.docs, comparison, rows, ground)
        missed = missed or ["none"]
        console.print(f"Missed targets: {'; '.join(missed)}.", highlight=False)
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
