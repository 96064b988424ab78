"""What a walk adds up to: the one hop at fault, the evidence, and the remedy for the stack that was seen."""

from __future__ import annotations

import shlex
from collections.abc import Container, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cached_property

from raven_realtime.findings import Finding
from raven_realtime.findings.entry import STACKS
from raven_realtime.live import HOPS, Outcome, Result, checks
from raven_realtime.live.doctor.verdict import Evidence, decide, stacks
from raven_realtime.live.generation import Generation, possible
from raven_realtime.live.remedy import filled
from raven_realtime.live.target import Target
from raven_realtime.proxies.record import record

AS_A_USER = ("room", "event")
"""The checks that log in."""
INSIDE = 200
"""From this rank on a check looks at the server itself."""


class State(StrEnum):
    """What a walk knows of one part of the path."""

    PROVEN = "proven"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@record
class Account:
    """All that is to be said of one code: what each check saw of it, and what to do."""

    finding: Finding
    """The one that decides: the verdict's, or the outermost."""
    seen: tuple[tuple[str, str], ...]
    """The check and what it saw, the deciding one first."""
    todo: str
    """In Markdown."""
    fault: bool
    """Whether a check failed by it; else it is a warning."""


@record
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
        seen = [stack for result in self.results for stack in stacks(result)]
        return tuple(dict.fromkeys(stack for stack in seen if stack in STACKS))

    @cached_property
    def generations(self) -> tuple[Generation, ...]:
        """The generations of Frappe's realtime server that what was seen leaves."""
        return possible(self.results)

    @cached_property
    def findings(self) -> tuple[tuple[str, Finding], ...]:
        """Every finding with the name of the check that found it, each with the remedy that fits the stack."""
        return tuple((result.hop, self._fitted(found)) for result in self.results for found in result.findings)

    @property
    def _server(self) -> tuple[str, ...]:
        """What the realtime server runs on, as remedies name it."""
        return tuple({"python" if generation.python else "node" for generation in self.generations})

    def _fitted(self, found: Finding) -> Finding:
        """Give the general remedy, and what it means on each stack that was seen, by this finding or another check."""
        # A remedy for the system at hand says all that the stacks' own would.
        seen = dict.fromkeys([found.stack] if found.remedy else [*self.stacks, *self._server, found.stack])
        fitting = [stack for stack in seen if stack in found.entry.remedies]
        particular = [f"On {STACKS[stack]}:\n\n{found.entry.remedies[stack].rstrip()}" for stack in fitting]
        remedy = "\n\n".join([(found.remedy or found.entry.remedy).rstrip(), *particular])
        return replace(found, remedy=remedy if found.remedy else filled(remedy, self.target))

    @cached_property
    def verdict(self) -> tuple[str, Finding] | None:
        """The finding that decides, with the check that found it; None where there is none at all: see `decide`."""
        return decide(Evidence(self.results, self.findings))

    @property
    def warnings(self) -> tuple[tuple[str, Finding], ...]:
        """The findings besides the verdict."""
        return tuple(pair for pair in self.findings if pair != self.verdict)

    @property
    def further(self) -> tuple[tuple[str, str], ...]:
        """Where to ask next, and the command: what names a fault's cause; where none is, what was not looked at."""
        site = f" --site {shlex.quote(self.target.site)}" if self.target.site else ""
        asked = f"raven-realtime doctor {self.target.origin}{site}"
        looked = any(checks()[result.hop].rank >= INSIDE for result in self.results)
        if self.healthy:
            unasked = any(result.hop in AS_A_USER for result in self.unchecked) and self.target.credentials is None
            account = (("with an account", f"{asked} --ask"),) if unasked else ()
            return account if looked else (*account, ("on the server", f"{asked} --inside --bench DIR"))
        if self.verdict is None or looked or self.verdict[0] in {"name", "tls"}:
            return ()
        return (
            ("on the server", f"{asked} --inside --bench DIR"),
            ("from here", f"{asked} --ssh USER@SERVER --bench DIR"),
        )

    @property
    def accounts(self) -> tuple[Account, ...]:
        """The findings told by their codes, the verdict's first."""
        failed = {result.hop for result in self.results if result.outcome is Outcome.FAIL}
        alike: dict[str, list[tuple[str, Finding]]] = {}
        for hop, found in (*((self.verdict,) if self.verdict else ()), *self.warnings):
            alike.setdefault(found.code, []).append((hop, found))
        return tuple(_account(pairs, failed) for pairs in alike.values())

    @property
    def unchecked(self) -> tuple[Result, ...]:
        """What could not be asked, for want of credentials or because nothing answered; never counted as passed."""
        return tuple(result for result in self.results if result.outcome is Outcome.NOT_CHECKED)

    @property
    def path(self) -> dict[str, State]:
        """What the walk knows of each part of the path, from the outside in."""
        known = checks()
        proven = {part for result in self.results if result.ok for part in known[result.hop].through}
        broken = self.verdict[1].at_fault if self.verdict and not self.healthy else ""
        return {
            part: State.BROKEN if part == broken else State.PROVEN if part in proven else State.UNKNOWN for part in HOPS
        }

    @property
    def sentence(self) -> str:
        """The verdict in one sentence."""
        found = self.verdict[1] if self.verdict is not None else None
        if found is not None and not self.healthy:
            return f"{found.entry.title}: {HOPS[found.at_fault]} is at fault."
        left = ", ".join(result.hop for result in self.unchecked)
        said = "No fault found." if found is None else f"No hop is broken, but: {found.code} {found.entry.title}."
        return said + (f" Not checked: {left}." if left else "")


def _account(pairs: Sequence[tuple[str, Finding]], failed: Container[str]) -> Account:
    """Tell findings of one code together: with the first one's remedy, and those of others that name a culprit."""
    first = pairs[0][1]
    particular = [found.todo.strip("\n") for _, found in pairs[1:] if found.causes]
    todo = dict.fromkeys([first.todo.strip("\n"), *particular])
    seen = tuple(dict.fromkeys((hop, found.evidence) for hop, found in pairs))
    return Account(first, seen, "\n\n".join(todo), any(hop in failed for hop, _ in pairs))
