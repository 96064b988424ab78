"""How a result is said: one line for people, the verdict of a failed one, and JSON."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from raven_realtime.findings import Finding
from raven_realtime.live.result import Outcome, Result

MARKS = {
    Outcome.PASS: "✓",
    Outcome.WARN: "!",
    Outcome.FAIL: "✗",
    Outcome.SKIPPED: "-",
    Outcome.NOT_CHECKED: "?",
}


def line(result: Result) -> str:
    """Return the result in one line: mark, hop, what came back."""
    return f"{MARKS[result.outcome]} {result.hop}  {said(result)}"


def said(result: Result) -> str:
    """Return the result's summary, with the outcome in front where the mark alone would not say it."""
    return f"not checked: {result.summary}" if result.outcome is Outcome.NOT_CHECKED else result.summary


def verdict(finding: Finding, hop: str) -> str:
    """Return a finding as people on call need it: hop, code, evidence, remedy, where to read on."""
    return "\n".join(
        [
            f"{finding.code} {finding.entry.title} (found by {hop}; at fault: {finding.at_fault})",
            f"  seen: {finding.evidence}",
            *(f"  {'do:  ' if number == 0 else '     '} {text}" for number, text in enumerate(todo(finding))),
            f"  more: raven-realtime explain {finding.code}",
        ]
    )


def todo(finding: Finding) -> list[str]:
    """Return the lines of what to do."""
    return finding.todo.strip("\n").splitlines()


class FindingReport(BaseModel):
    """One finding in JSON."""

    code: str = Field(pattern=r"^RT\d{3}$", description="The stable code; `raven-realtime explain CODE` explains it")
    title: str
    level: Literal["error", "warning", "note"]
    hop: str = Field(description="The part of the path that is at fault")
    evidence: str = Field(description="What was seen")
    remedy: str = Field(description="What to do, in Markdown")
    page: str = Field(description="The finding's page, in the project's folder")

    @classmethod
    def of(cls, finding: Finding) -> FindingReport:
        """Return a finding as it stands in JSON."""
        return cls(
            code=finding.code,
            title=finding.entry.title,
            level=finding.level.value,
            hop=finding.at_fault,
            evidence=finding.evidence,
            remedy=finding.todo.strip(),
            page=finding.entry.page,
        )


class ResultReport(BaseModel):
    """The result of one check in JSON."""

    hop: str = Field(description="The check, with the place it was asked at")
    outcome: Literal["pass", "warn", "fail", "skipped", "not checked"]
    summary: str
    seconds: float = Field(ge=0)
    facts: dict[str, Any] = Field(description="What was learned: status, pingInterval, address …")
    findings: list[FindingReport]

    @classmethod
    def of(cls, result: Result) -> ResultReport:
        """Return a result as it stands in JSON."""
        return cls(
            hop=result.hop,
            outcome=result.outcome.value,
            summary=result.summary,
            seconds=result.seconds,
            facts=dict(result.facts),
            findings=[FindingReport.of(finding) for finding in result.findings],
        )
