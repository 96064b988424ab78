"""The diagnosis as text: one line a check, then the verdict in plain words."""

from __future__ import annotations

from raven_realtime.doctor.diagnosis import Diagnosis
from raven_realtime.findings import Finding
from raven_realtime.hops import HOPS, Outcome, Result, checks
from raven_realtime.hops.report import MARKS, said, todo


def row(result: Result) -> str:
    """Return one check's line: mark, name, what came back."""
    width = max(map(len, checks()))
    return f"{MARKS[result.outcome]} {result.hop:<{width}}  {said(result)}"


def closing(diagnosis: Diagnosis) -> str:
    """Return what stands below the lines: the verdict, then warnings."""
    parts = []
    if diagnosis.verdict is not None:
        hop, found = diagnosis.verdict
        headline = diagnosis.sentence if diagnosis.healthy else f"{found.code} {found.entry.title}"
        parts.append(_finding(headline, hop, found, fault=not diagnosis.healthy))
    else:
        parts.append(diagnosis.sentence)
    failed = {result.hop for result in diagnosis.results if result.outcome is Outcome.FAIL}
    parts += [
        _finding(f"Also {found.code} {found.entry.title}", hop, found, fault=hop in failed)
        for hop, found in diagnosis.warnings
    ]
    return "\n\n".join(parts)


def _finding(headline: str, hop: str, found: Finding, *, fault: bool) -> str:
    return "\n".join(
        [
            headline,
            f"  {'at fault' if fault else 'concerns'}  {HOPS[found.at_fault]}",
            f"  seen      {found.evidence} (by {hop})",
            *(f"  {'do' if number == 0 else '':<8}  {text}".rstrip() for number, text in enumerate(todo(found))),
            f"  more      raven-realtime explain {found.code} ({found.entry.page})",
        ]
    )
