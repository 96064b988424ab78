"""``raven-realtime verify``: every check of a deployed stack, again; nothing is changed."""

from __future__ import annotations

import os
import subprocess
from typing import Annotated

import typer

from raven_realtime.live.checks.upgrade import HOLD
from raven_realtime.live.verify.declared import Declared, read
from raven_realtime.live.verify.stamp import STAMP

FAILED = 1
"""Exit code when a check failed."""
HELD = {HOLD: "1"}
"""What the upgrade's check reads: its command line stays the one that was deployed."""


def register(app: typer.Typer) -> None:
    """Add the command at the top level."""
    app.command("verify")(verify)


def verify(
    stack: Annotated[str, typer.Option(help="The Pulumi stack.")] = "sandbox",
    hold: Annotated[bool, typer.Option("--hold", help="Keep the upgraded socket through three pings.")] = False,
) -> None:
    """Run every check of a deployed stack again, changing nothing; after a failed one the rest are skipped."""
    failed = ""
    for check in read(stack):
        if failed:
            typer.echo(f"- {check.name}  skipped: {failed} failed")
        elif run(check, hold=hold) != 0:
            failed = check.name
    raise typer.Exit(FAILED if failed else 0)


def run(check: Declared, *, hold: bool = False) -> int:
    """Run one check on this terminal, and return its exit code."""
    line = check.command.removeprefix(STAMP)  # it is now
    environment = {**os.environ, **check.environment, **(HELD if hold else {})}
    return subprocess.run(["/bin/sh", "-c", line], env=environment, check=False).returncode
