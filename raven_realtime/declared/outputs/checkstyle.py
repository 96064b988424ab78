"""For editors and review bots: Checkstyle's XML (checkstyle.org, XMLLogger)."""

from __future__ import annotations

import typer

from raven_realtime.declared.outputs.report import TOOL, Report
from raven_realtime.declared.outputs.xml import document, element
from raven_realtime.findings.entry import Level

LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "info"}


def write(report: Report) -> None:
    """Print a report, by file."""
    files: dict[str, list[str]] = {}
    for finding in report.findings:
        where = finding.location
        about = {
            "line": where.line if where else None,
            "severity": LEVELS[finding.level],
            "message": f"{finding.entry.title}: {finding.evidence}",
            "source": f"{TOOL}.{finding.code}",
        }
        files.setdefault(where.path if where else TOOL, []).append(element("error", about))
    for problem in report.problems:
        about = {"severity": "error", "message": problem, "source": TOOL}
        files.setdefault(TOOL, []).append(element("error", about))
    listed = [element("file", {"name": name}, errors) for name, errors in files.items()]
    typer.echo(document(element("checkstyle", {"version": "4.3"}, listed)).encode())
