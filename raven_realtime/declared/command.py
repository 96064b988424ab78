# ruff: noqa: PLR0917 (a typer command takes its options as arguments)
"""``raven-realtime lint PATH…``: judge configuration files before they run."""

from __future__ import annotations

import importlib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from raven_realtime.findings.entry import Level


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
    JUNIT = "junit"
    CHECKSTYLE = "checkstyle"
    SVG = "svg"


MODULES = {Output.JSON: "json_document"}
"""The modules of formats that are not called like them."""


def register(app: typer.Typer) -> None:
    """Add the command to the top level."""
    app.command("lint")(lint_command)


def lint_command(
    paths: Annotated[
        list[str] | None, typer.Argument(help="Files or folders; - is standard input, told by its content.")
    ] = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="How findings are printed.")] = Output.TEXT,
    behind: Annotated[
        App | None, typer.Option("--app", help="What is behind the proxies; signs of Frappe are looked for otherwise.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only these codes or rules, such as RT008,RT012.")
    ] = None,
    skip: Annotated[list[str] | None, typer.Option("--skip", help="Not these codes or rules.")] = None,
    fail_on: Annotated[
        Level | None, typer.Option("--fail-on", help="The least level that makes the exit code 1; error if left out.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="A file of findings that were there before: only new ones count.")
    ] = None,
    write_baseline: Annotated[
        bool, typer.Option("--write-baseline", help="Write what is found to the baseline, and end with 0.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="The project's file; raven-realtime.toml is looked for upwards otherwise."),
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended safely, in the files themselves.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Show what --fix would do, and write nothing.")] = False,
    list_rules: Annotated[bool, typer.Option("--list-rules", help="List what is judged, and end.")] = False,
) -> None:
    """Follow a browser's requests through compose files, proxies, Kubernetes objects, tunnels, a bench's files.

    All that is named is taken as one system: routers of several files are judged together.

    Exit code: 0 nothing that fails (warnings and notes do not, unless --fail-on says so), 1 findings, 2 a file that
    cannot be read or an option that is wrong.
    """
    if list_rules:
        from raven_realtime.declared import listing  # noqa: PLC0415 (only where it is asked for)

        listing.write(as_json=output is Output.JSON)
        raise typer.Exit
    if not paths:
        raise typer.BadParameter("name files or folders to judge; - is standard input.", param_hint="PATHS")
    from raven_realtime.declared.linting import Asked, Run  # noqa: PLC0415 (help needs none of it)

    asked = Asked(
        paths=tuple(paths),
        app=behind.value if behind else "",
        only=tuple(only or ()),
        skip=tuple(skip or ()),
        fail_on=fail_on,
        baseline=baseline,
        config=config,
    )
    run = Run.of(asked)
    if write_baseline:
        typer.echo(run.write_baseline())
        raise typer.Exit(2 if run.report.problems else 0)
    if fix or diff:
        from raven_realtime.declared.mending.command import mend  # noqa: PLC0415 (only where it is asked for)

        run = mend(run, write=fix and not diff)
        if diff:
            raise typer.Exit(run.report.exit_code)
    importlib.import_module(f"raven_realtime.declared.outputs.{MODULES.get(output, output.value)}").write(run.report)
    if output is not Output.TEXT:
        for problem in run.report.problems:
            typer.echo(problem, err=True)
    raise typer.Exit(run.report.exit_code)
