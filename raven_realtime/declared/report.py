"""What the linter prints: text, JSON, SARIF 2.1.0, and GitHub's workflow annotations."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from raven_realtime.declared.journey import judged, nodes
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Entry, Finding, Level

TOOL = "raven-realtime"
MOST_SHOWN = 3
"""How many journeys a line names."""
SARIF_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "note"}
GITHUB_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def journeys(world: World) -> list[str]:
    """Return what was followed: each public address and what its requests go through."""
    return list(dict.fromkeys(way.chain for way in judged(world)))


def summary(world: World) -> str:
    """Say in a line what was judged: how many files of it, which proxies, where the journeys go."""
    proxies = Counter(node.proxy.kind for node in nodes(world))
    parts = [f"{count} {kind}" for kind, count in sorted(proxies.items())]
    if world.containers:
        parts.append(f"{len(world.containers)} container{'s' * (len(world.containers) > 1)}")
    if world.processes:
        parts.append(f"{len(world.processes)} process{'es' * (len(world.processes) > 1)}")
    if world.bench:
        parts.append(f"{len(world.bench)} bench file{'s' * (len(world.bench) > 1)}")
    followed = journeys(world)
    more = f" and {len(followed) - MOST_SHOWN} more" if len(followed) > MOST_SHOWN else ""
    said = f"judged: {', '.join(parts) or 'nothing of the path'}"
    return f"{said}; journeys: {'; '.join(followed[:MOST_SHOWN])}{more}" if followed else said


def as_json(findings: Sequence[Finding], problems: Sequence[str], followed: Sequence[str] = ()) -> str:
    """Return findings, journeys and unreadable files as one JSON document."""
    listed = [
        {
            "code": finding.code,
            "title": finding.entry.title,
            "level": str(finding.level),
            "hop": finding.at_fault,
            "file": finding.location.path if finding.location else None,
            "line": finding.location.line if finding.location else None,
            "evidence": finding.evidence,
            "remedy": finding.todo.strip(),
        }
        for finding in findings
    ]
    document = {"findings": listed, "journeys": list(followed), "problems": list(problems)}
    return json.dumps(document, indent=2, ensure_ascii=False)


def as_sarif(findings: Sequence[Finding], problems: Sequence[str], version: str) -> str:
    """Return findings as a SARIF log (OASIS, Static Analysis Results Interchange Format, version 2.1.0)."""
    entries = list({finding.code: finding.entry for finding in findings}.values())
    order = {entry.code: index for index, entry in enumerate(entries)}
    notifications = [{"level": "error", "message": {"text": problem}} for problem in problems]
    run: dict[str, Any] = {
        "tool": {"driver": {"name": TOOL, "semanticVersion": version, "rules": [_rule(entry) for entry in entries]}},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": not problems, "toolExecutionNotifications": notifications}],
        "results": [_result(finding, order) for finding in findings],
    }
    return json.dumps({"version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.code,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.meaning.strip()},
        "help": {"text": entry.remedy.strip(), "markdown": entry.remedy.strip()},
        "defaultConfiguration": {"level": SARIF_LEVELS[entry.level]},
        "properties": {"hop": entry.hop},
    }


def _result(finding: Finding, order: dict[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": order[finding.code],
        "level": SARIF_LEVELS[finding.level],
        "message": {"text": f"{finding.evidence}. {finding.todo.strip()}"},
    }
    if finding.location:
        physical: dict[str, Any] = {"artifactLocation": {"uri": finding.location.path.replace(" ", "%20")}}
        if finding.location.line:
            physical["region"] = {"startLine": finding.location.line}
        result["locations"] = [{"physicalLocation": physical}]
    return result


def as_github(findings: Sequence[Finding], problems: Sequence[str]) -> str:
    """Return findings as annotations of a workflow run (GitHub documentation, "Workflow commands")."""
    lines = []
    for finding in findings:
        where = finding.location
        at = [f"file={_property(where.path)}"] if where else []
        at += [f"line={where.line}"] if where and where.line else []
        title = _property(f"{finding.code} {finding.entry.title}")
        said = _data(f"{finding.evidence}\n{finding.todo.strip()}")
        lines.append(f"::{GITHUB_LEVELS[finding.level]} {','.join([*at, f'title={title}'])}::{said}")
    lines += [f"::error title=raven-realtime::{_data(problem)}" for problem in problems]
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def headline(finding: Finding) -> str:
    """Return a finding's first line: place, level, code, title."""
    where = f"{finding.location}: " if finding.location else ""
    return f"{where}{finding.level} {finding.code} {finding.entry.title}"


def closing(findings: Sequence[Finding], problems: Sequence[str]) -> str:
    """Say in a line what it adds up to."""
    counts = [(level, sum(finding.level is level for finding in findings)) for level in Level]
    said = [f"{count} {level}{'s' if count != 1 else ''}" for level, count in counts if count]
    if problems:
        said.append(f"{len(problems)} not readable")
    return ", ".join(said) or "nothing found"
