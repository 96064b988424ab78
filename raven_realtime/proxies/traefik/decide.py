"""Which router gets a request, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from enum import StrEnum

from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.request import PathRules, Rejected, Request, Seen, see
from raven_realtime.proxies.traefik.table import Router, Table


class Outcome(StrEnum):
    """How a request ends."""

    ROUTED = "routed"
    TIE = "tie"
    """Several routers match with the same priority: which one gets the request changes with every reload."""
    NOT_FOUND = "not found"
    """No router matches: Traefik answers 404."""
    REJECTED = "rejected"
    """Traefik answers 400 by itself."""


@record
class Loser:
    """A router that does not get the request."""

    router: Router
    why: str
    matches: bool
    """Whether its rule matches."""


@record
class Decision:
    """Who gets a request, and why."""

    outcome: Outcome
    why: str
    """One sentence without a full stop."""
    router: Router | None = None
    """The winner; when Traefik rejects the path for a router's sake, that router."""
    tied: tuple[Router, ...] = ()
    """The routers that could each get it."""
    losers: tuple[Loser, ...] = ()
    """The entrypoint's other routers for this host; those that match first, in falling priority."""

    @property
    def winners(self) -> tuple[Router, ...]:
        """All routers that may get the request: one, several when they tie, none."""
        if self.outcome is Outcome.ROUTED and self.router:
            return (self.router,)
        return self.tied


def route(table: Table, request: Request, entrypoint: str) -> Decision:
    """Decide which router gets a request.

    Args:
        table: All that Traefik knows.
        request: The request as it is sent.
        entrypoint: The name of the entrypoint it arrives at.
    """
    listening = table.entrypoints.get(entrypoint)
    rules = listening.paths if listening else PathRules()
    try:
        seen = see(request, rules)
    except Rejected as rejected:
        return Decision(Outcome.REJECTED, f"Traefik answers 400: {rejected}")
    decision = _among(table.listening(entrypoint, tls=request.tls, host=seen.host), seen)
    if decision.router and (escape := _denied(seen, rules)):
        why = f"{decision.router.name} matches, but its entrypoint denies {escape} in a path: 400"
        return Decision(Outcome.REJECTED, why, decision.router, losers=decision.losers)
    while decision.router and (children := table.children.get(decision.router.name)):
        below = _among(children, seen)
        why = f"{below.why}, below {decision.router.name}"
        decision = replace(below, why=why, losers=below.losers + decision.losers)
    return decision


def _denied(seen: Seen, rules: PathRules) -> str:
    """Return the first escape in a path that its entrypoint denies, if there is one."""
    return next((escape for escape in sorted(rules.denied) if escape.encode() in seen.escaped_path), "")


def _among(routers: Iterable[Router], seen: Seen) -> Decision:
    """Decide among routers of one level."""
    matching: list[Router] = []
    others: list[Router] = []
    for router in routers:
        (matching if router.parsed().matches(seen) else others).append(router)
    matching.sort(key=lambda router: (-router.effective_priority, router.name))
    silent = tuple(Loser(router, "its rule does not match", matches=False) for router in others)
    if not matching:
        return Decision(Outcome.NOT_FOUND, "no router matches: Traefik answers 404", losers=silent)
    best = matching[0]
    tied = tuple(router for router in matching if router.effective_priority == best.effective_priority)
    beaten = tuple(
        Loser(router, f"{router.priority_reason}, is below {best.effective_priority} of {best.name}", matches=True)
        for router in matching[len(tied) :]
    )
    if len(tied) > 1:
        names = ", ".join(router.name for router in tied)
        why = f"{names} match with the same priority {best.effective_priority}: which one wins is not defined"
        return Decision(Outcome.TIE, why, tied=tied, losers=beaten + silent)
    why = f"{best.name} matches" + (f" and has the highest {best.priority_reason}" if beaten else ", and no other does")
    return Decision(Outcome.ROUTED, why, best, losers=beaten + silent)
