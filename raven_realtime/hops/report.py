"""How a result is said: one line for people, the verdict of a failed one, and JSON."""

from __future__ import annotations

from raven_realtime.findings import Finding
from raven_realtime.hops.result import Outcome, Result

MARKS = {
    Outcome.PASS: "✓",
    Outcome.WARN: "!",
    Outcome.FAIL: "✗",
    Outcome.SKIPPED: "-",
    Outcome.NOT_CHECKED: "?",
}


def line(result: Result) -> str:
    """Return the result in one line: mark, hop, what came back."""
    state = f"{result.outcome}: " if result.outcome is Outcome.NOT_CHECKED else ""
    return f"{MARKS[result.outcome]} {result.hop}  {state}{result.summary}"


def verdict(finding: Finding, hop: str) -> str:
    """Return a finding as people on call need it: hop, code, evidence, remedy, where to read on."""
    return "\n".join(
        [
            f"{finding.code} {finding.entry.title} (found by {hop}; at fault: {finding.entry.hop})",
            f"  seen: {finding.evidence}",
            *(
                f"  {'do:  ' if number == 0 else '     '} {text}"
                for number, text in enumerate(finding.todo.splitlines())
            ),
            f"  more: raven-realtime explain {finding.code}",
        ]
    )


def as_json(result: Result) -> dict[str, object]:
    """Return the result as it stands in JSON output."""
    return {
        "hop": result.hop,
        "outcome": str(result.outcome),
        "summary": result.summary,
        "seconds": result.seconds,
        "facts": dict(result.facts),
        "findings": [
            {
                "code": finding.code,
                "title": finding.entry.title,
                "level": str(finding.entry.level),
                "hop": finding.entry.hop,
                "evidence": finding.evidence,
                "remedy": finding.todo,
            }
            for finding in result.findings
        ],
    }
