"""``raven-realtime explain WHAT``: a finding's page in the terminal, found by its code or by what somebody read."""

from __future__ import annotations

import sys
from textwrap import fill, indent
from typing import Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.table import Table

from raven_realtime.findings import Entry, catalogue
from raven_realtime.findings.pages import NOTE, page
from raven_realtime.findings.search import nearest, search


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("explain")(explain_command)


def explain_command(
    asked: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WHAT]...",
            help="A finding's code, such as RT008, or what you read: a banner, a log line, a status such as 502, a "
            "close code such as 1006; without it, all are listed.",
        ),
    ] = None,
) -> None:
    """Explain a finding: what it means, how it shows, what to do.

    Exit code: 1 where nothing fits.
    """
    question = " ".join(asked or ()).strip()
    if not question:
        Console().print(_list())
        return
    matches = search(question)
    if not matches:
        near = nearest(question)
        meant = f" Did you mean: {'; '.join(near)}?" if near else ""
        typer.echo(f"No finding fits {question[:200]!r}.{meant} `raven-realtime explain` lists all.", err=True)
        raise typer.Exit(1)
    if len(matches) == 1:
        _page(matches[0].entry)
        return
    for match in matches:
        typer.echo(f"{match.entry.code} {match.entry.title} ({match.entry.level})")
        typer.echo(indent(fill(" ".join(match.entry.shows.split()), 110), "  "))
    typer.echo(f"\n`raven-realtime explain {matches[0].entry.code}` tells more, and what to do.")


def _page(entry: Entry) -> None:
    text = page(entry).removeprefix(NOTE).strip()
    if sys.stdout.isatty():
        Console().print(Markdown(text))
    else:
        typer.echo(text)


def _list() -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("code", "what", "level", "at fault"):
        table.add_column(heading, no_wrap=heading == "code")
    for entry in catalogue().values():
        table.add_row(entry.code, entry.title, str(entry.level), entry.hop)
    return table
