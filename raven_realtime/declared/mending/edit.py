"""Changes of a text, and ways to mend a finding."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from raven_realtime.proxies.record import record


@dataclass(frozen=True, order=True)
class Edit:
    """What stands from one position to another becomes something else."""

    start: int
    end: int
    text: str


@record
class Mend:
    """One way to mend a finding."""

    edits: tuple[Edit, ...]
    safe: bool
    """Whether it changes nothing but what the finding is about; otherwise it is shown, and left to the user."""


def applied(text: str, edits: Iterable[Edit]) -> str | None:
    """Return the changed text; None where edits overlap. The same edit twice is one edit."""
    at = len(text)
    parts: list[str] = []
    for edit in reversed(_in_order(edits)):
        if edit.end > at:
            return None
        parts += [text[edit.end : at], edit.text]
        at = edit.start
    return text[:at] + "".join(reversed(parts))


def _in_order(edits: Iterable[Edit]) -> Sequence[Edit]:
    """Sort edits by position; insertions at one place stay in the order in which they were made."""
    return sorted(dict.fromkeys(edits), key=lambda each: (each.start, each.end))
