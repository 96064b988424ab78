"""What a long step says while it runs: the time it takes and how many lines its program has reported."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from raven_realtime.problem import Problem

PATIENCE = 3.0
"""Seconds a step may take before it says anything."""


class Progress:
    """A line on standard error that is renewed while a step runs; on a terminal in place, elsewhere now and then.

    Nothing is printed for a step that ends within :data:`PATIENCE` seconds.
    """

    def __init__(self, doing: str) -> None:
        """Take what is being done, as a short phrase."""
        self.doing = doing
        self.count = 0
        self.last_lines: deque[str] = deque(maxlen=30)
        self._terminal = sys.stderr.isatty()
        self._interval = 1.0 if self._terminal else 15.0
        self._started = time.monotonic()
        self._over = threading.Event()
        self._teller = threading.Thread(target=self._tell, daemon=True)

    def __enter__(self) -> Self:
        self._teller.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._teller.join()
        if time.monotonic() - self._started > PATIENCE:
            self._line("done" if error is None else "stopped", end="\n")

    def run(self, command: Sequence[str], folder: Path, named: str = "") -> None:
        """Run a program to its end in a folder.

        Raises:
            Problem: it failed, with what it said last; it is called ``named``, or as the step is.
        """
        with subprocess.Popen(
            command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        ) as process:
            output = self.follow(process)
        if process.returncode != 0:
            said = "\n".join([*output[-10:], *self.last_lines])
            raise Problem(f"{named or self.doing} failed with exit code {process.returncode}:\n{said}")

    def follow(self, process: subprocess.Popen[str]) -> list[str]:
        """Read a process with piped text streams to its end: count its errors' lines, return its output's lines."""
        assert process.stdout is not None
        assert process.stderr is not None
        counter = threading.Thread(target=self._count, args=(process.stderr,), daemon=True)
        counter.start()
        output = process.stdout.read().splitlines()
        counter.join()
        process.wait()
        return output

    def _count(self, stream: IO[str]) -> None:
        for line in stream:
            self.count += 1
            self.last_lines.append(line.rstrip())

    def _tell(self) -> None:
        wait = PATIENCE
        while not self._over.wait(wait):
            self._line("", end="" if self._terminal else "\n")
            wait = self._interval

    def _line(self, state: str, end: str) -> None:
        seconds = int(time.monotonic() - self._started)
        counted = f", {self.count} so far" if self.count and not state else f", {self.count}" if self.count else ""
        text = f"{self.doing}{counted}, {seconds // 60}:{seconds % 60:02d} {state}".rstrip()
        print(f"\r\x1b[K{text}" if self._terminal else text, end=end, file=sys.stderr, flush=True)
