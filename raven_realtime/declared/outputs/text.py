"""For people: place, level, code and title; what was seen; what to do."""

from __future__ import annotations

import os
import sys
from textwrap import indent

from raven_realtime.declared.outputs.report import Report, summary
from raven_realtime.findings.entry import Finding, Level

STYLES = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.NOTE: "cyan"}
_PLAIN = str.maketrans({"→": "->", "…": "...", "—": "--", "±": "+-", "·": "-", "✓": "ok", "✗": "no"})


def write(report: Report) -> None:
    """Print a report; what cannot be read is said on stderr. NO_COLOR is honoured, and a locale that has ASCII only."""
    for finding in report.findings:
        _say(headline(finding), STYLES[finding.level])
        _say(indent(finding.evidence, "  "))
        _say(indent(finding.todo.strip(), "  "), "dim")
    for problem in report.problems:
        sys.stderr.write(f"{fit(problem)}\n")
    _say(summary(report), "dim")
    for line in _left_out(report):
        _say(line, "dim")
    _say(closing(report), "bold")


def _say(text: str, style: str = "") -> None:
    """Print a text, with colours on a terminal; only there is what makes them loaded."""
    if not (sys.stdout.isatty() or os.environ.get("FORCE_COLOR")):
        sys.stdout.write(f"{fit(text)}\n")
        return
    from rich.console import Console  # noqa: PLC0415 (loaded only for a terminal)
    from rich.text import Text  # noqa: PLC0415 (as above)

    Console(highlight=False, soft_wrap=True).print(Text(fit(text), style=style))


def fit(text: str) -> str:
    """Return a text as the terminal can show it: in ASCII where the locale is C or the encoding has nothing else."""
    # LC_CTYPE says nothing: where LANG is C, Python itself sets it to C.UTF-8 (PEP 538)
    wanted = os.environ.get("LC_ALL") or os.environ.get("LANG", "")
    encoding = "ascii" if wanted in {"C", "POSIX"} else sys.stdout.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, errors="backslashreplace").decode(encoding)
    return text


def headline(finding: Finding) -> str:
    """Return a finding's first line: place, level, code, title."""
    where = f"{finding.location}: " if finding.location else ""
    return f"{where}{finding.level} {finding.code} {finding.entry.title}"


def _left_out(report: Report) -> list[str]:
    lines = []
    if report.ignored:
        lines.append(f"{len(report.ignored)} ignored")
    if report.known:
        lines.append(f"{len(report.known)} in the baseline")
    if report.gone:
        lines.append(f"{report.gone} of the baseline not found any more; --write-baseline takes them out")
    return ["; ".join(lines)] if lines else []


def closing(report: Report) -> str:
    """Say in a line what it adds up to."""
    counts = [(level, sum(finding.level is level for finding in report.findings)) for level in Level]
    said = [f"{count} {level}{'s' if count != 1 else ''}" for level, count in counts if count]
    if report.problems:
        said.append(f"{len(report.problems)} not readable")
    return ", ".join(said) or ("nothing new" if report.known else "nothing found")
