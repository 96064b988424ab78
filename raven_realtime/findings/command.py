"""``raven-realtime explain CODE``: a finding's page in the terminal."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from raven_realtime.findings import catalogue, explain
from raven_realtime.findings.pages import NOTE, page


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("explain")(explain_command)


def explain_command(
    code: Annotated[str, typer.Argument(help="A finding's code, such as RT008; without one, all are listed.")] = "",
) -> None:
    """Explain a finding: what it means, how it shows, what to do."""
    console = Console()
    if not code:
        console.print(_list())
        return
    text = page(explain(code)).removeprefix(NOTE).strip()
    if sys.stdout.isatty():
        console.print(Markdown(text))
    else:
        typer.echo(text)


def _list() -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("code", "what", "level", "at fault"):
        table.add_column(heading, no_wrap=heading == "code")
    for entry in catalogue().values():
        table.add_row(entry.code, entry.title, str(entry.level), entry.hop)
    return table
