"""``raven-realtime lint PATH…``: judge configuration files before they run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from raven_realtime.declared.lint import Output, lint


class App(StrEnum):
    """What is behind the proxies."""

    FRAPPE = "frappe"
    SOCKETIO = "socketio"


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("lint")(lint_command)


def lint_command(
    paths: Annotated[list[str], typer.Argument(help="Files or folders; - is standard input.")],
    output: Annotated[Output, typer.Option("-o", "--output", help="How findings are printed.")] = Output.TEXT,
    behind: Annotated[
        App | None, typer.Option("--app", help="What is behind the proxies; signs of Frappe are looked for otherwise.")
    ] = None,
) -> None:
    """Follow a browser's requests through compose files, proxies, Kubernetes objects, tunnels, a bench's files.

    All that is named is taken as one system: routers of several files are judged together.

    Exit code: 0 no error (warnings and notes do not count), 1 errors, 2 a file that cannot be read.
    """
    raise typer.Exit(lint(paths, output, behind.value if behind else ""))
