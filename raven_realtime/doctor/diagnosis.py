"""What a walk adds up to: the one hop at fault, the evidence, and the remedy for the stack that was seen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from raven_realtime.findings import Finding
from raven_realtime.findings.entry import STACKS
from raven_realtime.hops import HOPS, Outcome, Result, checks
from raven_realtime.hops.target import Target


class State(StrEnum):
    """What a walk knows of one part of the path."""

    PROVEN = "proven"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Diagnosis:
    """The results of one walk, and what follows from them."""

    target: Target
    results: tuple[Result, ...]
    started_at: float
    """When the walk began, in seconds since the epoch."""
    seconds: float

    @property
    def healthy(self) -> bool:
        """Whether no check failed."""
        return not any(result.outcome is Outcome.FAIL for result in self.results)

    @cached_property
    def stacks(self) -> tuple[str, ...]:
        """The stacks that showed themselves on the way, in the order in which they did."""
        seen = [str(result.facts.get("stack", "")) for result in self.results]
        return tuple(dict.fromkeys(stack for stack in seen if stack in STACKS))

    @cached_property
    def findings(self) -> tuple[tuple[str, Finding], ...]:
        """Every finding with the name of the check that found it, each with the remedy that fits the stack."""
        return tuple((result.hop, self._fitted(found)) for result in self.results for found in result.findings)

    def _fitted(self, found: Finding) -> Finding:
        """Give the general remedy, and what it means on each stack that was seen."""
        fitting = [stack for stack in self.stacks if stack in found.entry.remedies]
        particular = [f"On {STACKS[stack]}:\n\n{found.entry.remedies[stack].rstrip()}" for stack in fitting]
        return replace(found, remedy="\n\n".join([found.entry.remedy.rstrip(), *particular]))

    @property
    def verdict(self) -> tuple[str, Finding] | None:
        """The finding that decides, with the check that found it; None on a healthy path.

        It is the outermost failure, or what a look at the server found to be the cause of just that.
        """
        failed = {result.hop for result in self.results if result.outcome is Outcome.FAIL}
        decisive = next(((hop, found) for hop, found in self.findings if hop in failed), None)
        followed: set[str] = set()
        while decisive is not None and decisive[1].code not in followed:
            followed.add(shown := decisive[1].code)
            causes = (pair for pair in self.findings if shown in pair[1].entry.explains)
            decisive = next(causes, decisive)
        return decisive

    @property
    def warnings(self) -> tuple[tuple[str, Finding], ...]:
        """The findings that do not fail the path."""
        return tuple(pair for pair in self.findings if pair != self.verdict)

    @property
    def unchecked(self) -> tuple[Result, ...]:
        """What could not be asked, for want of credentials or because nothing answered; never counted as passed."""
        return tuple(result for result in self.results if result.outcome is Outcome.NOT_CHECKED)

    @property
    def path(self) -> dict[str, State]:
        """What the walk knows of each part of the path, from the outside in."""
        known = checks()
        proven = {part for result in self.results if result.ok for part in known[result.hop].through}
        broken = self.verdict[1].entry.hop if self.verdict else ""
        return {
            part: State.BROKEN if part == broken else State.PROVEN if part in proven else State.UNKNOWN for part in HOPS
        }

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        if self.verdict is not None:
            _, found = self.verdict
            return f"{found.entry.title}: {HOPS[found.entry.hop]} is at fault."
        left = ", ".join(result.hop for result in self.unchecked)
        return "No fault found." + (f" Not checked: {left}." if left else "")
