"""What a check of one hop is, and what it gives back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum
from types import MappingProxyType

from raven_realtime.findings import Finding, Level
from raven_realtime.proxies.record import record


class Outcome(StrEnum):
    """How a check ended. Only PASS and WARN count as passed."""

    PASS = "pass"  # noqa: S105 (an outcome, no password)
    WARN = "warn"
    FAIL = "fail"
    SKIPPED = "skipped"
    NOT_CHECKED = "not checked"


@record
class Check:
    """What is always true of a check."""

    name: str
    """As it is typed: ``raven-realtime check NAME``."""
    title: str
    """What it asks, in a few words."""
    proves: str
    """What a pass proves, and nothing more than that."""
    rank: int
    """Its place in the walk: a lower rank is asked first."""
    through: tuple[str, ...]
    """The parts of the path that a pass proves, by their names in ``raven_realtime.live.HOPS``."""


@record
class Result:
    """The answer of one hop to one check."""

    hop: str
    """The check's name, with its place where there are several: ``handshake (public)``."""
    outcome: Outcome
    summary: str
    """One line for people: what was asked and what came back, or why it was not checked."""
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))
    """What was learned on the way and later checks or reports use: status, pingInterval, namespace … Never a secret."""
    seconds: float = 0.0

    @classmethod
    def of(cls, hop: str, summary: str, *findings: Finding, **facts: object) -> Result:
        """Return a result whose outcome follows from its findings: an error fails, a warning warns, a note passes."""
        levels = {finding.level for finding in findings}
        outcome = Outcome.WARN if Level.WARNING in levels else Outcome.PASS
        if Level.ERROR in levels:
            outcome = Outcome.FAIL
        return cls(hop, outcome, summary, findings, MappingProxyType(facts))

    @classmethod
    def not_checked(cls, hop: str, why: str) -> Result:
        """Return the result of a check that lacks what it needs; it never counts as passed."""
        return cls(hop, Outcome.NOT_CHECKED, why)

    @classmethod
    def skipped(cls, hop: str, because: str) -> Result:
        """Return the result of a check behind a broken one."""
        return cls(hop, Outcome.SKIPPED, f"skipped: {because} failed")

    @property
    def ok(self) -> bool:
        """Whether the check passed, with or without a warning."""
        return self.outcome in {Outcome.PASS, Outcome.WARN}

    def taking(self, seconds: float) -> Result:
        """Return the same result with the time it took."""
        return replace(self, seconds=round(seconds, 3))
