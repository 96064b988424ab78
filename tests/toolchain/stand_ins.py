"""Stand-ins for programs that a machine has, or that an installer brings: a line of shell each."""

from __future__ import annotations

from pathlib import Path


def make(folder: Path, name: str, script: str = "true") -> None:
    """Make a program of a line of shell."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
