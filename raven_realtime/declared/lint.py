"""Judging files: what ``raven-realtime lint`` does, without its command line, which takes longer to load than this."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from textwrap import indent

from raven_realtime.declared import judge
from raven_realtime.declared.files import read
from raven_realtime.declared.report import as_github, as_json, as_sarif, closing, headline, journeys, summary
from raven_realtime.findings.entry import Finding, Level

STYLES = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTE: "cyan"}


class Output(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    GITHUB = "github"


def lint(paths: Sequence[str], output: Output = Output.TEXT, app: str = "") -> int:
    """Judge files and print what is found; return the exit code.

    Args:
        paths: files and folders; ``-`` is standard input.
        output: how findings are printed.
        app: what is behind the proxies, ``frappe`` or ``socketio``; empty to look for signs of it.
    """
    reading = read(paths, app)
    problems = [problem.value for problem in reading.problems]
    unreadable = {problem.value for problem in reading.problems}
    findings = [finding for finding in judge(reading.world) if finding.evidence not in unreadable]
    if output is Output.JSON:
        _say(as_json(findings, problems, journeys(reading.world)))
    elif output is Output.SARIF:
        _say(as_sarif(findings, problems, _version()))
    elif output is Output.GITHUB:
        _say(as_github(findings, problems))
    else:
        _text(findings, problems, summary(reading.world))
    if output is not Output.TEXT:
        for problem in problems:
            print(problem, file=sys.stderr)
    return 2 if problems else 1 if any(each.level is Level.ERROR for each in findings) else 0


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 (loaded only for who prints it)

    try:
        return version("raven-realtime")
    except PackageNotFoundError:
        return "0.0.0"


def _say(text: str, style: str = "") -> None:
    """Print a text, with colours on a terminal; only there is what makes them loaded."""
    if not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        print(text)
        return
    from rich.console import Console  # noqa: PLC0415 (loaded only for a terminal)
    from rich.text import Text  # noqa: PLC0415 (as above)

    Console(highlight=False, soft_wrap=True).print(Text(text, style=style))


def _text(findings: list[Finding], problems: list[str], judged: str) -> None:
    for finding in findings:
        _say(headline(finding), STYLES[finding.level])
        _say(indent(finding.evidence, "  "))
        _say(indent(finding.todo.strip(), "  "), "dim")
    for problem in problems:
        print(problem, file=sys.stderr)
    _say(judged, "dim")
    _say(closing(findings, problems), "bold")
