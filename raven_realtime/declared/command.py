"""``raven-realtime lint PATH…``: judge configuration files before they run."""

from __future__ import annotations

from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from textwrap import indent
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from raven_realtime.declared import judge
from raven_realtime.declared.files import read
from raven_realtime.declared.report import as_github, as_json, as_sarif, closing, headline, journeys, summary
from raven_realtime.findings.entry import Finding, Level

STYLES = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTE: "cyan"}


class App(StrEnum):
    """What is behind the proxies."""

    FRAPPE = "frappe"
    SOCKETIO = "socketio"


class Output(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("lint")(lint_command)


def lint_command(
    paths: Annotated[list[str], typer.Argument(help="Files or folders; - is an exported Pulumi state on stdin.")],
    output: Annotated[Output, typer.Option("-o", "--output", help="How findings are printed.")] = Output.TEXT,
    behind: Annotated[
        App | None, typer.Option("--app", help="What is behind the proxies; signs of Frappe are looked for otherwise.")
    ] = None,
) -> None:
    """Follow a browser's requests through compose files, proxies, Kubernetes objects, tunnels, a bench's files.

    All that is named is taken as one system: routers of several files are judged together.

    Exit code: 0 no error (warnings and notes do not count), 1 errors, 2 a file that cannot be read.
    """
    reading = read(paths, behind.value if behind else "")
    problems = [problem.value for problem in reading.problems]
    unreadable = {problem.value for problem in reading.problems}
    findings = [finding for finding in judge(reading.world) if finding.evidence not in unreadable]
    if output is Output.JSON:
        typer.echo(as_json(findings, problems, journeys(reading.world)))
    elif output is Output.SARIF:
        typer.echo(as_sarif(findings, problems, _version()))
    elif output is Output.GITHUB:
        typer.echo(as_github(findings, problems))
    else:
        _text(findings, problems, summary(reading.world))
    if output is not Output.TEXT:
        for problem in problems:
            typer.echo(problem, err=True)
    raise typer.Exit(2 if problems else 1 if any(each.level is Level.ERROR for each in findings) else 0)


def _version() -> str:
    try:
        return version("raven-realtime")
    except PackageNotFoundError:
        return "0.0.0"


def _text(findings: list[Finding], problems: list[str], judged: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        console.print(Text(headline(finding), style=STYLES[finding.level]))
        console.print(Text(indent(finding.evidence, "  ")))
        console.print(Text(indent(finding.todo.strip(), "  "), style="dim"))
    for problem in problems:
        typer.echo(problem, err=True)
    console.print(Text(judged, style="dim"))
    console.print(Text(closing(findings, problems), style="bold"))
