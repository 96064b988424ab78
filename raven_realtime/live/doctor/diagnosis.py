"""What a walk adds up to: the one hop at fault, the evidence, and the remedy for the stack that was seen."""

from __future__ import annotations

import shlex
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from raven_realtime.findings import Finding
from raven_realtime.findings.entry import STACKS, Given
from raven_realtime.live import HOPS, Outcome, Result, checks
from raven_realtime.live.checks import upstream
from raven_realtime.live.remedy import filled
from raven_realtime.live.target import Target

INSIDE = 200
"""From this rank on a check looks at the server itself."""


class State(StrEnum):
    """What a walk knows of one part of the path."""

    PROVEN = "proven"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
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
        seen = [stack for result in self.results for stack in _stacks(result)]
        return tuple(dict.fromkeys(stack for stack in seen if stack in STACKS))

    @cached_property
    def findings(self) -> tuple[tuple[str, Finding], ...]:
        """Every finding with the name of the check that found it, each with the remedy that fits the stack."""
        return tuple((result.hop, self._fitted(found)) for result in self.results for found in result.findings)

    def _fitted(self, found: Finding) -> Finding:
        """Give the general remedy, and what it means on each stack that was seen, by this finding or another check."""
        # A remedy for the system at hand says all that the stacks' own would.
        seen = dict.fromkeys([found.stack] if found.remedy else [*self.stacks, found.stack])
        fitting = [stack for stack in seen if stack in found.entry.remedies]
        particular = [f"On {STACKS[stack]}:\n\n{found.entry.remedies[stack].rstrip()}" for stack in fitting]
        remedy = "\n\n".join([(found.remedy or found.entry.remedy).rstrip(), *particular])
        return replace(found, remedy=remedy if found.remedy else filled(remedy, self.target))

    @property
    def verdict(self) -> tuple[str, Finding] | None:
        """The finding that decides, with the check that found it; None where there is none at all.

        It is the outermost failure, or what a look at the server found to be the cause of just that. Where no check
        failed it is the first warning: no hop is broken then, and some browsers or clients still fail.
        """
        failed = {result.hop for result in self.results if result.outcome is Outcome.FAIL}
        if not failed:
            return next(iter(self.findings), None)
        decisive = next(((hop, found) for hop, found in self.findings if hop in failed), None)
        followed: set[str] = set()
        while decisive is not None and decisive[1].code not in followed:
            followed.add(shown := decisive[1].code)
            causes = (pair for pair in self.findings if self._causes(pair[1], shown))
            decisive = next(causes, decisive)
        return decisive

    def _causes(self, found: Finding, shown: str) -> bool:
        """Whether a finding is the cause of the code that is seen further out, by what else the walk saw."""
        if shown in found.causes:
            return True
        if shown not in found.entry.explains:
            return False
        asked = (result for result in self.results if result.hop == upstream.CHECK.name)
        behind = next((result for result in asked if result.outcome is not Outcome.NOT_CHECKED), None)
        match found.entry.given:
            case Given.NOTHING:
                return True
            case Given.SOCKETIO_ANSWERS:
                return behind is not None and behind.ok and _listens(self.results)
            case Given.SEEN_FROM_NGINX:
                saying = {stack for result in self.results if _found(result, shown) for stack in _stacks(result)}
                # Traefik's own answer never came to nginx.
                if "traefik" in saying:
                    return False
                return "nginx" in saying if behind is None else _found(behind, shown)

    @property
    def warnings(self) -> tuple[tuple[str, Finding], ...]:
        """The findings besides the verdict."""
        return tuple(pair for pair in self.findings if pair != self.verdict)

    @property
    def inward(self) -> tuple[tuple[str, str], ...]:
        """Where to ask next, and the command: a look from inside names the cause, where only the outside was seen."""
        looked = any(checks()[result.hop].rank >= INSIDE for result in self.results)
        if self.healthy or self.verdict is None or looked or self.verdict[0] in {"name", "tls"}:
            return ()
        site = f" --site {shlex.quote(self.target.site)}" if self.target.site else ""
        asked = f"raven-realtime doctor {self.target.origin}{site}"
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


def _stacks(result: Result) -> tuple[str, ...]:
    """Return the stacks that showed themselves to a check: one by its fact `stack`, several by `stacks`."""
    several = result.facts.get("stacks", ())
    seen = (result.facts.get("stack"), *(several if isinstance(several, list | tuple) else ()))
    return tuple(str(stack) for stack in seen if stack)


def _listens(results: Iterable[Result]) -> bool:
    """Whether nginx listens where its configuration says, as far as that was seen."""
    return all(result.facts.get("listens", True) for result in results)


def _found(result: Result, code: str) -> bool:
    """Whether a check found the code; that nginx says 502 or 504 depends on more than what it meets."""
    alike = upstream.GATEWAY_CODES if code in upstream.GATEWAY_CODES else {code}
    return any(found.code in alike for found in result.findings)
