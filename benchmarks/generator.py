"""The load generator of `load/`, built with Go when it is first asked for."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from raven_realtime.problem import Problem

SOURCE = Path(__file__).parent / "load"


@cache
def _program() -> Path:
    if shutil.which("go") is None:
        raise Problem("The load generator is written in Go, and there is no `go` on PATH. Install Go 1.21 or newer.")
    folder = tempfile.TemporaryDirectory(prefix="raven-realtime-load-")
    program = Path(folder.name) / "load"
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=SOURCE, check=True)
    _kept.append(folder)
    return program


_kept: list[tempfile.TemporaryDirectory[str]] = []
"""Removed when the interpreter ends."""


def load(kind: str, port: int, *, connections: int, seconds: float) -> dict[str, Any]:
    """Put load on the path at a port of 127.0.0.1 and return what came of it.

    Args:
        kind: ``handshakes``, ``echo`` or ``hold``.
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
