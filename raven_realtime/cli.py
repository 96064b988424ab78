"""``raven-realtime``: every command lives in the package it belongs to, in ``command.py``; this mounts them.

A package joins by having a module ``command`` with a `typer.Typer` named ``app``, which is mounted under its name, or a
function ``register(app)`` that adds commands to the top level.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
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


def mount(into: typer.Typer) -> typer.Typer:
    """Add the commands of every package of raven_realtime that has some."""
    for package in pkgutil.iter_modules(raven_realtime.__path__, "raven_realtime."):
        if not package.ispkg or find_spec(f"{package.name}.command") is None:
            continue
        module = importlib.import_module(f"{package.name}.command")
        if hasattr(module, "register"):
            module.register(into)
        if isinstance(own := getattr(module, "app", None), typer.Typer):
            into.add_typer(own)
    return into


mount(app)


def main() -> None:
    """Run the command line; what a user can mend is said on stderr, without a traceback, with exit code 2."""
    try:
        app()
    except Problem as problem:
        typer.echo(str(problem), err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
