"""The diagnosis as text: one line a check, then the verdict in plain words."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from raven_realtime.live import HOPS, Result, checks
from raven_realtime.live.doctor.diagnosis import Account, Diagnosis
from raven_realtime.live.generation import said as said_of
from raven_realtime.live.report import MARKS, said

LABEL = 12
"""Columns before what is said of a finding."""
NARROW = 60
"""Columns below which names do not stand beside what is said, but before it."""
WIDEST = 120
"""Columns of the longest line that is comfortable to read."""


def row(result: Result, width: int | None = None) -> str:
    """Return one check's line: mark, name, what came back.

    Args:
        result: the check's.
        width: the columns of a terminal, to go on below the text's own start; None: one line, however long.
    """
    column = max(map(len, checks()))
    if width is not None and width < NARROW:
        return _hung(f"{MARKS[result.outcome]} {result.hop}: {said(result)}", 2, width)
    line = f"{MARKS[result.outcome]} {result.hop:<{column}}  {said(result)}"
    return line if width is None else _hung(line, column + 4, width)


def closing(diagnosis: Diagnosis, width: int | None = None) -> str:
    """Return what stands below the lines: the verdict, then what else was found.

    Args:
        diagnosis: of a walk.
        width: the columns of a terminal, to fit paragraphs into; None: as they are written.
    """
    further = list(_field("next", [f"{where}: {command}" for where, command in diagnosis.further], width))
    parts = [] if diagnosis.verdict is not None else ["\n".join([_hung(diagnosis.sentence, 0, width), *further])]
    for number, account in enumerate(diagnosis.accounts, start=len(parts)):
        named = f"{account.finding.code} {account.finding.entry.title}"
        headline = f"Also {named}" if number else diagnosis.sentence if diagnosis.healthy else named
        lines = [*_told(_hung(headline, 0, width), account, width)]
        if number == 0 and diagnosis.generations:
            lines += _field("server", [said_of(diagnosis.generations)], width)
        if number == 0:
            lines += further
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _told(headline: str, account: Account, width: int | None) -> Iterator[str]:
    entry = account.finding.entry
    yield headline
    yield from _field("at fault" if account.fault else "concerns", [HOPS[account.finding.at_fault]], width)
    yield from _field("seen", [f"{evidence} (by {hop})" for hop, evidence in account.seen], width)
    yield from _field("do", list(_paragraphs(account.todo) if width else account.todo.splitlines()), width)
    yield from _field("more", [f"raven-realtime explain {entry.code} ({entry.page})"], width)


def _field(label: str, lines: list[str], width: int | None) -> Iterator[str]:
    """Yield lines with their label before the first; on a narrow terminal the label has a line of its own."""
    if width is not None and width < NARROW:
        yield f"  {label}"
        yield from (_indented(line, 4, width) for line in lines)
        return
    for number, line in enumerate(lines):
        indented = _indented(line, LABEL, width)
        yield f"  {label:<{LABEL - 2}}{indented[LABEL:]}" if number == 0 else indented


def _indented(line: str, columns: int, width: int | None) -> str:
    """Return a line moved to the right, and folded; what is to be copied (it is indented itself) stays one line."""
    moved = f"{' ' * columns}{line}".rstrip()
    return moved if line.startswith(" ") else _hung(moved, columns, width)


def _hung(text: str, columns: int, width: int | None) -> str:
    """Fold a line at the width, and let what follows hang below a column."""
    if width is None or len(text) <= min(width, WIDEST):
        return text
    folded = textwrap.TextWrapper(
        min(width, WIDEST), subsequent_indent=" " * columns, break_long_words=False, break_on_hyphens=False
    )
    return folded.fill(text)


def _paragraphs(markdown: str) -> Iterator[str]:
    """Yield the lines of a remedy with those of one paragraph joined; configuration and commands stay as they are."""
    joined: list[str] = []
    for line in markdown.splitlines():
        if joined and (not line.strip() or line.startswith((" ", "- "))):
            yield " ".join(joined)
            joined = []
        if not line.strip() or line.startswith(" "):
            yield line
        else:
            joined.append(line)
    if joined:
        yield " ".join(joined)
