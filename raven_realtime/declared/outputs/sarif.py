"""For code scanning: a SARIF log (OASIS, Static Analysis Results Interchange Format, version 2.1.0)."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any
from urllib.parse import quote

import typer

from raven_realtime.declared.keeping.baseline import Fingerprints
from raven_realtime.declared.outputs.report import TOOL, Report
from raven_realtime.findings.entry import HOME, Entry, Finding, Level

LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}


def write(report: Report) -> None:
    """Print a report; UTF-8 whatever the locale."""
    entries = list({finding.code: finding.entry for finding in report.findings}.values())
    order = {entry.code: index for index, entry in enumerate(entries)}
    notifications = [{"level": "error", "message": {"text": problem}} for problem in report.problems]
    prints = Fingerprints(report.folder)
    driver = {"name": TOOL, "semanticVersion": _version(), "informationUri": HOME, "rules": list(map(_rule, entries))}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not report.problems, "toolExecutionNotifications": notifications}],
        "results": [_result(finding, order, prints) for finding in report.findings],
    }
    typer.echo(json.dumps({"version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False).encode())


def _version() -> str:
    try:
        return version(TOOL)
    except PackageNotFoundError:
        return "0.0.0"


def _rule(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.code,
        "helpUri": entry.link,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.meaning.strip()},
        "help": {"text": entry.remedy.strip(), "markdown": entry.remedy.strip()},
        "defaultConfiguration": {"level": LEVELS[entry.level]},
        "properties": {"hop": entry.hop},
    }


def _result(finding: Finding, order: dict[str, int], prints: Fingerprints) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": order[finding.code],
        "level": LEVELS[finding.level],
        "message": {"text": f"{finding.evidence}. {finding.todo.strip()}"},
        "partialFingerprints": {"ravenRealtime/v1": prints.of(finding)},
    }
    if finding.location:
        physical: dict[str, Any] = {"artifactLocation": {"uri": quote(finding.location.path, safe="/:@()!$&'*+,;=~")}}
        if finding.location.line:
            physical["region"] = {"startLine": finding.location.line}
        result["locations"] = [{"physicalLocation": physical}]
    return result
