"""What a check of one hop gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from raven_realtime.findings import Finding


class Outcome(StrEnum):
    """How a check ended. Only PASS counts as passed."""

    PASS = "pass"  # noqa: S105 (an outcome, no password)
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Result:
    """The answer of one hop to one check."""

    hop: str
    outcome: Outcome
    summary: str
    """One line for people: what was asked and what came back, or why it was not checked."""
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """What was learned on the way and later checks or reports use: sid, pingInterval, status, namespace …"""
    seconds: float = 0.0
