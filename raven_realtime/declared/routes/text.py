"""Owners as text: for every entrypoint who wins, why, and a table of the routers."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.routes.owners import Answer, Door, Owners, servers
from raven_realtime.proxies.traefik.claims import Claim, Reach
from raven_realtime.proxies.traefik.decide import Outcome
from raven_realtime.proxies.traefik.table import Router, Table

HEADINGS = ("priority", "router", "rule", "leads to", "/socket.io")


def text(found: Owners, table: Table) -> str:
    """Return the answer for people, lines without colour."""
    parts = ["\n".join(_door(door, found.host, table)) for door in found.doors]
    if not parts:
        parts = [f"No router serves {found.host}: Traefik answers 404 for every path."]
    idle = [f"  {router.name}: {why}" for router, why in found.disabled]
    idle += [f"  {dropped.name}: {dropped.why}" for dropped in found.dropped]
    if idle:
        parts.append("\n".join(["Not in force", *idle]))
    return "\n\n".join(parts) + "\n"


def gets(answer: Answer, table: Table) -> str:
    """Return who gets a path and where that leads, in a few words."""
    decision = answer.decision
    if decision.outcome is Outcome.ROUTED and decision.router:
        return f"{decision.router.name} → {leads(decision.router, table)}"
    if decision.outcome is Outcome.TIE:
        return f"undefined: {' or '.join(router.name for router in decision.tied)}"
    return "nobody"


def leads(router: Router, table: Table) -> str:
    """Return the router's service and its servers."""
    listed = ", ".join(servers(table, router.service))
    return f"{router.service or 'no service'}{f' ({listed})' if listed else ''}"


def standing(router: Router, claims: tuple[Claim, ...]) -> str:
    """Return what a router has of `/socket.io`."""
    claim = next((claim for claim in claims if claim.router.name == router.name), None)
    if claim is None:
        return "-"
    if claim.ties_with:
        return f"ties with {', '.join(rival.name for rival in claim.ties_with)}"
    if claim.reach is Reach.SHADOWED:
        return f"shadowed by {', '.join(other.name for other in claim.shadowed_by)}"
    return "owns it" if claim.reach is Reach.ALWAYS else "may get some"


def _door(door: Door, host: str, table: Table) -> Iterator[str]:
    yield f"{host} at {door.name}"
    width = max(len(answer.path) for answer in door.answers) if door.answers else 0
    for answer in door.answers:
        yield f"  {answer.path:<{width}}  {gets(answer, table)}"
        yield f"  {'':<{width}}    {answer.decision.why}"
    rows = [
        (_priority(router), router.name, router.rule, leads(router, table), standing(router, door.claims))
        for router in door.routers
    ]
    yield ""
    widths = [max(len(row[column]) for row in [HEADINGS, *rows]) for column in range(len(HEADINGS))]
    for row in [HEADINGS, *rows]:
        yield ("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))).rstrip()


def _priority(router: Router) -> str:
    return f"{router.effective_priority}" + ("" if router.priority else " (length)")
