"""What it costs to start: the processor time of a command that is run with every commit."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks import peers
from benchmarks.comparison import Candidate, Comparison, Limit, Measure

ROOT = Path(__file__).parents[2]
CASE = ROOT / "tests" / "cases" / "58-good-fd-traefik-https"
BARE, VERSION, LINT, GIXY = "Python", "--version", "lint", "gixy"
MOST_SECONDS = 0.35


def command(*words: str) -> Callable[[Path], AbstractContextManager[list[str]]]:
    """Run a command of Python's own."""

    @contextmanager
    def opened(_folder: Path) -> Iterator[list[str]]:
        yield [sys.executable, *words]

    return opened


@contextmanager
def gixy(_folder: Path) -> Iterator[list[str]]:
    """Run gixy, a linter of nginx configurations, on the same nginx.conf."""
    yield [str(peers.program("gixy")), str(CASE / "nginx.conf")]


def processor_seconds(words: list[str], _size: float) -> float:
    """Return the processor time of a command, with the bytecode of a run before.

    Raises:
        RuntimeError: it failed.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = _spent()
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    seconds = _spent() - before
    if done.returncode or not done.stdout.strip():
        raise RuntimeError(f"`{' '.join(words)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


COMPARISON = Comparison(
    name="start",
    title="The start of the linter",
    about=(
        "The processor time, user and system together, of a command that judges one small system: frappe_docker behind "
        "Traefik, a compose file, an nginx.conf and a bench's file. Each command runs in a new process; the bytecode "
        "is there from a run before."
    ),
    candidates=(
        Candidate(BARE, command("-c", "print('nothing')"), "Python's own start"),
        Candidate(VERSION, command("-m", "raven_realtime.start", "--version"), "`raven-realtime --version`"),
        Candidate(LINT, command("-m", "raven_realtime.start", "lint", str(CASE)), "`raven-realtime lint FOLDER`"),
        Candidate(GIXY, gixy, "gixy on the nginx.conf alone"),
    ),
    measures=(
        Measure(
            "seconds of the processor (less is better)",
            processor_seconds,
            (
                Limit(VERSION, MOST_SECONDS, more_is_better=False),
                Limit(LINT, MOST_SECONDS, more_is_better=False),
            ),
            rounds=1,
            turns=5,
        ),
    ),
    rank=35,
)
