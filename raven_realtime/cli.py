"""``raven-realtime``: every command lives in the package it belongs to, in ``command.py``; this is their table.

`start` comes before it.
"""

from __future__ import annotations

import importlib
import sys
from typing import Annotated

import typer

from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.start import version

app = typer.Typer(
    name="raven-realtime",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Checks and explains the path of Raven's and Frappe's realtime connection.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(version())
        raise typer.Exit


@app.callback()
def _top(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Take the options that stand before a command."""


COMMANDS = {
    "doctor": "live.doctor.command",
    "check": "live.command",
    "verify": "live.verify.command",
    "exporter": "live.exporter.command",
    "lint": "declared.command",
    "routes": "declared.routes.command",
    "ownership": "declared.routes.command",
    "explain": "findings.command",
    "render": "render.command",
    "sandbox": "sandbox.command",
    "manual": "manual",
}
"""Each command, and the module below raven_realtime that holds it.

A module has a `typer.Typer` named ``app``, which is mounted under its name, or a function ``register(app)`` that adds
commands to the top level. Only what is asked for is imported: all of it costs half a second, and `up` runs nine.
"""


def mount(into: typer.Typer, asked: str = "") -> typer.Typer:
    """Add the command that is asked for, or all of them where it is none of them."""
    for name in [COMMANDS[asked]] if asked in COMMANDS else dict.fromkeys(COMMANDS.values()):
        module = importlib.import_module(f"raven_realtime.{name}")
        if hasattr(module, "register"):
            module.register(into)
        if isinstance(own := getattr(module, "app", None), typer.Typer):
            into.add_typer(own)
    return into


def main() -> None:
    """Run the command line; what a user can mend is said on stderr, without a traceback, with exit code 2."""
    try:
        mount(app, next((word for word in sys.argv[1:2] if not word.startswith("-")), ""))()
    except (Problem, Unreadable) as problem:
        typer.echo(str(problem), err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
