"""A user's seat: the command line in a folder of its own."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from raven_realtime.cli import app, mount
from raven_realtime.problem import Problem
from tests.policies.cases import ROOT

APP = mount(app, "lint")


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


def lint(*arguments: str, given: str = "", **environment: str) -> Ran:
    """Run the linter in this process; what a user can mend is said as the command line says it."""
    result = CliRunner().invoke(APP, ["lint", *arguments], input=given, env={"COLUMNS": "200", **environment})
    if isinstance(result.exception, Problem):
        return Ran(2, result.stdout, f"{result.exception}\n")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def command(*arguments: str, folder: Path, **environment: str) -> Ran:
    """Run a command in a process of its own, with nothing in its environment that is not given."""
    line = [sys.executable, "-m", "raven_realtime.cli", *arguments]
    ran = subprocess.run(
        line, cwd=folder, env={"PYTHONPATH": str(ROOT), **environment}, capture_output=True, check=False
    )
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())
