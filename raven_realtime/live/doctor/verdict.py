"""From what the checks found to the one finding that decides.

`decide` starts at the outermost failure and follows the decisions below in their order, until none leads further in.
Each says which other finding is the cause of the one that decides so far, or that this one decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from raven_realtime.findings import Finding, explain
from raven_realtime.findings.entry import Given, Level
from raven_realtime.live.checks import upstream
from raven_realtime.live.result import Outcome, Result
from raven_realtime.proxies.record import record

Pair = tuple[str, Finding]
"""A finding with the name of the check that found it."""


@record
class Evidence:
    """All that a walk saw, outermost first."""

    results: Sequence[Result]
    pairs: tuple[Pair, ...]
    """The findings, in the order of the results."""

    def result(self, check: str) -> Result | None:
        """Return what a check came to, if it was asked."""
        asked = (one for one in self.results if one.hop == check)
        return next((one for one in asked if one.outcome not in {Outcome.NOT_CHECKED, Outcome.SKIPPED}), None)

    def status(self, check: str) -> object:
        """Return the HTTP status that a check got."""
        result = self.result(check)
        return result.facts.get("status") if result is not None else None

    @cached_property
    def failed(self) -> frozenset[str]:
        """The names of the checks that failed."""
        return frozenset(one.hop for one in self.results if one.outcome is Outcome.FAIL)


def decide(evidence: Evidence) -> Pair | None:
    """Return the finding that decides, with the check that found it; None where there is none at all.

    Where no check failed it is the first warning: no hop is broken then, and some browsers or clients still fail. A
    note decides nothing.
    """
    if not evidence.failed:
        return next((pair for pair in evidence.pairs if pair[1].level is not Level.NOTE), None)
    decisive = next((pair for pair in evidence.pairs if pair[0] in evidence.failed), None)
    followed: set[str] = set()
    while decisive is not None and decisive[1].code not in followed:
        followed.add(decisive[1].code)
        leading = (found for decision in DECISIONS if (found := decision(evidence, decisive)) is not None)
        decisive = next(leading, decisive)
    return decisive


REFUSING = frozenset({429, 503})
"""How a limit on requests and a maintenance page answer."""


def the_whole_site_is_refused(evidence: Evidence, decisive: Pair) -> Pair | None:
    """Page and handshake get one and the same refusal: whoever refuses stands before both."""
    status = evidence.status("edge")
    if decisive[0] not in {"edge", "handshake"} or decisive[1].code == "RT047" or status not in REFUSING:
        return None
    # Traefik's own 503 says that nobody is behind its router.
    if evidence.status("handshake") != status or _stack(evidence.result("edge")) == "traefik":
        return None
    said = f"the page {_seen(evidence, 'edge')}; the handshake {_seen(evidence, 'handshake')}"
    return "edge", explain("RT047").found(said, stack=_stack(evidence.result("edge")))


def the_page_is_away_with_everything_else(evidence: Evidence, decisive: Pair) -> Pair | None:
    """A dead web beside a dead Socket.IO is no fault of the web: what the handshake says is nearer to the cause."""
    if decisive[0] != "edge" or decisive[1].code != "RT044" or "handshake" not in evidence.failed:
        return None
    return next((pair for pair in evidence.pairs if pair[0] == "handshake"), None)


def a_check_on_the_server_sees_it_cause_this(evidence: Evidence, decisive: Pair) -> Pair | None:
    """What a check on the server sees itself to cause decides: a container that is down, a router that loses."""
    return _first(evidence, lambda found: decisive[1].code in found.causes and found is not decisive[1])


def a_look_inside_explains_it(evidence: Evidence, decisive: Pair) -> Pair | None:
    """What the catalogue says to explain the code decides, where what else was seen allows it."""
    shown = decisive[1].code
    return _first(
        evidence,
        lambda found: shown in found.entry.explains and found.code != shown and _given(evidence, found, shown),
    )


DECISIONS: tuple[Callable[[Evidence, Pair], Pair | None], ...] = (
    the_whole_site_is_refused,
    the_page_is_away_with_everything_else,
    a_check_on_the_server_sees_it_cause_this,
    a_look_inside_explains_it,
)
"""In the order in which they are asked."""


def _first(evidence: Evidence, holds: Callable[[Finding], bool]) -> Pair | None:
    return next((pair for pair in evidence.pairs if holds(pair[1])), None)


def _given(evidence: Evidence, found: Finding, shown: str) -> bool:
    """Whether what has to be so for a finding to be the cause is so."""
    behind = evidence.result(upstream.CHECK.name)
    match found.entry.given:
        case Given.NOTHING:
            return True
        case Given.PROCESS_IS_TO_KNOW:
            return any(one.facts.get("secret") for one in evidence.results)
        case Given.SOCKETIO_ANSWERS:
            running = all(one.facts.get("listens", True) and one.facts.get("full", True) for one in evidence.results)
            return behind is not None and behind.ok and running
        case Given.SEEN_FROM_NGINX:
            saying = {stack for one in evidence.results if _found(one, shown) for stack in stacks(one)}
            # Traefik's own answer never came to nginx.
            if "traefik" in saying:
                return False
            return "nginx" in saying if behind is None else _found(behind, shown)


def stacks(result: Result) -> tuple[str, ...]:
    """Return the stacks that showed themselves to a check: one by its fact `stack`, several by `stacks`."""
    several = result.facts.get("stacks", ())
    seen = (result.facts.get("stack"), *(several if isinstance(several, list | tuple) else ()))
    return tuple(str(stack) for stack in seen if stack)


def _found(result: Result, code: str) -> bool:
    """Whether a check found the code; that nginx says 502 or 504 depends on more than what it meets."""
    alike = upstream.GATEWAY_CODES if code in upstream.GATEWAY_CODES else {code}
    return any(found.code in alike for found in result.findings)


def _stack(result: Result | None) -> str:
    return str(result.facts.get("stack", "")) if result is not None else ""


def _seen(evidence: Evidence, check: str) -> str:
    result = evidence.result(check)
    return result.summary if result is not None else ""
