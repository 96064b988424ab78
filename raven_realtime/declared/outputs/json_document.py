"""For programs: one JSON document, of a published schema (docs/lint.schema.json).

``python -m raven_realtime.declared.outputs.json_document`` writes the schema; with ``--check`` it fails where the
schema is not in step.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict, Field

from raven_realtime.declared.keeping.baseline import Fingerprints
from raven_realtime.declared.outputs.report import Report
from raven_realtime.findings.entry import Finding, Level

SCHEMA = Path("docs/lint.schema.json")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Found(_Part):
    """One finding."""

    code: Annotated[str, Field(description="The stable code.", examples=["RT008"])]
    title: str
    level: Level
    hop: Annotated[str, Field(description="The part of the path that is at fault.")]
    file: Annotated[str | None, Field(description="The file or resource.")]
    line: Annotated[int | None, Field(description="The line, from 1.")]
    evidence: Annotated[str, Field(description="What was seen.")]
    remedy: Annotated[str, Field(description="What to do, in Markdown.")]
    fingerprint: Annotated[str, Field(description="Knows the finding again when lines shift.")]


class LeftOut(Found):
    """A finding that is ignored."""

    reason: Annotated[str, Field(description="Why; empty where nobody said.")]


class Document(_Part):
    """What `raven-realtime lint -o json` prints."""

    findings: list[Found]
    journeys: Annotated[list[str], Field(description="Each public address and what its requests go through.")]
    problems: Annotated[list[str], Field(description="Files that cannot be read.")]
    ignored: Annotated[list[LeftOut], Field(description="Left out by a comment or by the project's file.")]
    known: Annotated[list[Found], Field(description="In the baseline: they were there before.")]


def write(report: Report) -> None:
    """Print a report; UTF-8 whatever the locale, as JSON is (RFC 8259, section 8.1)."""
    prints = Fingerprints(report.folder)
    document = Document(
        findings=[Found.model_validate(_found(each, prints)) for each in report.findings],
        journeys=list(report.journeys),
        problems=list(report.problems),
        ignored=[
            LeftOut.model_validate({**_found(each.finding, prints), "reason": each.reason}) for each in report.ignored
        ],
        known=[Found.model_validate(_found(each, prints)) for each in report.known],
    )
    typer.echo(document.model_dump_json(indent=2).encode())


def _found(finding: Finding, prints: Fingerprints) -> dict[str, object]:
    return {
        "code": finding.code,
        "title": finding.entry.title,
        "level": finding.level,
        "hop": finding.at_fault,
        "file": finding.location.path if finding.location else None,
        "line": finding.location.line if finding.location else None,
        "evidence": finding.evidence,
        "remedy": finding.todo.strip(),
        "fingerprint": prints.of(finding),
    }


def main(arguments: list[str]) -> int:
    """Write the schema, or with ``--check`` say whether it is in step; return the exit code."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Document.model_json_schema()}
    text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
    if arguments == ["--check"]:
        fresh = SCHEMA.is_file() and SCHEMA.read_text(encoding="utf-8") == text
        if not fresh:
            sys.stderr.write(f"{SCHEMA}: not in step with the document. Run `make docs`.\n")
        return 0 if fresh else 1
    if arguments:
        sys.stderr.write("usage: python -m raven_realtime.declared.outputs.json_document [--check]\n")
        return 2
    SCHEMA.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
