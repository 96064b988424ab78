"""For GitHub: annotations of a workflow run (GitHub documentation, "Workflow commands")."""

from __future__ import annotations

import typer

from raven_realtime.declared.outputs.report import TOOL, Report
from raven_realtime.findings.entry import Level

LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def write(report: Report) -> None:
    """Print a report."""
    lines = []
    for finding in report.findings:
        where = finding.location
        at = [f"file={_property(where.path)}"] if where else []
        at += [f"line={where.line}"] if where and where.line else []
        title = _property(f"{finding.code} {finding.entry.title}")
        said = _data(f"{finding.evidence}\n{finding.todo.strip()}")
        lines.append(f"::{LEVELS[finding.level]} {','.join([*at, f'title={title}'])}::{said}")
    lines += [f"::error title={TOOL}::{_data(problem)}" for problem in report.problems]
    typer.echo("\n".join(lines).encode())


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
