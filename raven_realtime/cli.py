"""``raven-realtime``: every command lives in the package it belongs to, in ``command.py``; this mounts them.

A package joins by having a module ``command`` with a `typer.Typer` named ``app``, which is mounted under its name, or a
function ``register(app)`` that adds commands to the top level.
"""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

import raven_realtime
from raven_realtime.problem import Problem

app = typer.Typer(
    name="raven-realtime",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Checks and explains the path of Raven's and Frappe's realtime connection.",
)


def _version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(version("raven-realtime"))
        except PackageNotFoundError:
            typer.echo("a source tree, not installed")
        raise typer.Exit


@app.callback()
def _top(
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Take the options that stand before a command."""


def command_modules(asked: str = "") -> list[str]:
    """Return the modules to import for a command, or all: importing all costs half a second, and `up` runs nine.

    Args:
        asked: the first word of the command line; a module that does not even write it cannot define it.
    """
    folders = [Path(folder) for folder in raven_realtime.__path__]
    files = {file.parent.name: file for folder in folders for file in sorted(folder.glob("*/command.py"))}
    likely = [name for name, file in files.items() if asked and f'"{asked}"' in file.read_text(encoding="utf-8")]
    return [f"raven_realtime.{name}.command" for name in likely or files]


def mount(into: typer.Typer, asked: str = "") -> typer.Typer:
    """Add the commands of every package of raven_realtime that has some, or those that ``asked`` may mean."""
    for name in command_modules(asked):
        module = importlib.import_module(name)
        if hasattr(module, "register"):
            module.register(into)
        if isinstance(own := getattr(module, "app", None), typer.Typer):
            into.add_typer(own)
    return into


def main() -> None:
    """Run the command line; what a user can mend is said on stderr, without a traceback, with exit code 2."""
    try:
        mount(app, next((word for word in sys.argv[1:2] if not word.startswith("-")), ""))()
    except Problem as problem:
        typer.echo(str(problem), err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
