"""The load generator of `load/`, built with Go when it is first asked for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from raven_realtime.problem import Problem
from toolchain import golang

SOURCE = Path(__file__).parent / "load"


@cache
def _program() -> Path:
    if shutil.which("go") is None:
        raise Problem("The load generator is written in Go, and there is no `go` on PATH. Install Go 1.21 or newer.")
    folder = tempfile.TemporaryDirectory(prefix="raven-realtime-load-")
    program = Path(folder.name) / "load"
    command = ["go", "build", "-o", str(program), "."]
    subprocess.run(command, cwd=SOURCE, env=golang.keeping_counters(), check=True)
    _kept.append(folder)
    return program


_kept: list[tempfile.TemporaryDirectory[str]] = []
"""Removed when the interpreter ends."""


def relay(port: int, to: int) -> list[str]:
    """Return the command that copies bytes between a port of 127.0.0.1 and another, until it is ended."""
    return [str(_program()), "relay", "-listen", str(port), "-address", f"127.0.0.1:{to}"]


def load(kind: str, port: int, *, connections: int, seconds: float) -> dict[str, Any]:
    """Put load on the path at a port of 127.0.0.1 and return what came of it.

    Args:
        kind: ``handshakes`` or ``echo``.
        port: where the path begins.
        connections: how many at once.
        seconds: how long.

    Raises:
        RuntimeError: the generator failed; it says how on standard error.
    """
    command = [str(_program()), kind, "-address", f"127.0.0.1:{port}", "-connections", str(connections)]
    done = subprocess.run(
        [*command, "-seconds", str(seconds)], stdout=subprocess.PIPE, stderr=sys.stderr, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"`{' '.join(command)}` ended with {done.returncode}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@dataclass
class Held:
    """Idle sockets that are held open."""

    open: int
    """How many could be opened."""
    answering: int = 0
    """How many still answered in the end; known when they are closed."""


@contextmanager
def held(port: int, sockets: int) -> Iterator[Held]:
    """Open idle sockets through a port of 127.0.0.1, hold them meanwhile, and ask each whether it still answers.

    Raises:
        RuntimeError: the generator failed; it says how on standard error.
    """
    command = [str(_program()), "hold", "-address", f"127.0.0.1:{port}", "-connections", str(sockets)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        opened = process.stdout.readline()
        if not opened:
            raise RuntimeError(f"`{' '.join(command)}` opened nothing")
        sockets_open = Held(json.loads(opened)["open"])
        yield sockets_open
        process.stdin.close()
        sockets_open.answering = json.loads(process.stdout.readline() or '{"held": 0}')["held"]
    if process.returncode:
        raise RuntimeError(f"`{' '.join(command)}` ended with {process.returncode}")
