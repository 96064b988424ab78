"""Whether `/socket.io` has one owner: before a deployment against what already runs, after it against Traefik itself.

Source: design decision 6. A router below ours in priority is no finding: it gets nothing of the path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from raven_realtime.findings import Finding, explain
from raven_realtime.findings.rt005_path_owned_by_another import precede
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.claims import Claim, Reach, claimants
from raven_realtime.proxies.traefik.containers import DOCKER, SWARM, Container, contribution
from raven_realtime.proxies.traefik.elements import labels_of
from raven_realtime.proxies.traefik.table import EntryPoint, Router, Table, Tls, assemble

PREFIX = "/socket.io"
MINE = "this stack's sidecar"


@record
class Wanted:
    """Who should own `/socket.io`."""

    router: str
    """With its provider: `frappe-socketio@docker`."""
    hosts: tuple[str, ...]
    entrypoint: str


def judge(table: Table, wanted: Wanted) -> list[Finding]:
    """Tell what keeps the wanted router from owning `/socket.io`: RT005 and RT101, each with the other claimant's name.

    Args:
        table: All that Traefik knows, or will.
        wanted: The router, its hosts and its entrypoint.
    """
    if problem := _not_in_force(table, wanted):
        return [problem]
    return [finding for host in wanted.hosts for finding in _on_host(table, wanted, host)]


def with_running(
    labels: Mapping[str, str], running: Iterable[Container], entrypoint: str, services: Iterable[Container] = ()
) -> Table:
    """Return the table that Traefik will have once a container with these labels runs beside the others.

    ``services`` are those of the host's Swarm: their routers are Traefik's too, by its swarm provider.

    What else Traefik is told on its command line is not known here. The entrypoint is taken to speak TLS, whether its
    routers or Traefik's own settings say so: a router that takes `/socket.io` there is in the way.
    """
    here = Location(MINE)
    mine = Container(MINE, labels_of(dict(labels), here), here, id="0", status="running")
    others = [replace(other, health="") for other in running]  # one that is starting will have its routes soon
    parts = [contribution([mine, *others], DOCKER)]
    if swarm := list(services):
        parts.append(contribution(swarm, SWARM))
    return assemble(parts, [EntryPoint(entrypoint, tls=Tls())])


def shared(table: Table, wanted: Wanted) -> list[Finding]:
    """Tell which other containers define our router or service too, word for word: their servers would be mixed in."""
    router = table.routers.get(wanted.router)
    service = table.services.get(router.service) if router else None
    owners = {f"the router {wanted.router}": router.owners if router else ()}
    if service:
        owners[f"the service {service.name}"] = service.owners
    return [
        explain("RT005").found(
            f"the container {other} defines {what} too", Location(f"container {other}"), stack="traefik"
        )
        for what, names in owners.items()
        for other in names
        if other != MINE
    ]


def _not_in_force(table: Table, wanted: Wanted) -> Finding | None:
    """Tell why Traefik does not use our router at all."""
    name = wanted.router.rpartition("@")[0]
    entry = explain("RT005")
    if wanted.router in table.disabled:
        return entry.found(f"Traefik does not use {wanted.router}: {table.disabled[wanted.router]}", stack="traefik")
    if wanted.router in table.routers:
        return None
    why = next((dropped for dropped in table.dropped if dropped.name in {name, MINE}), None)
    if why:
        return entry.found(f"Traefik drops {wanted.router}: {why.why}", why.location, stack="traefik")
    said = "Traefik does not list {}: its container is not healthy, or another one defines the same router differently"
    instead = _instead(table, wanted)
    return entry.found(said.format(wanted.router) + (f"; {instead}" if instead else ""), stack="traefik")


def _instead(table: Table, wanted: Wanted) -> str:
    for host in wanted.hosts:
        for claim in claimants(table, host, PREFIX, entrypoint=wanted.entrypoint, tls=True):
            if claim.reach in {Reach.ALWAYS, Reach.MAY}:
                return f"{_named(claim.router)} gets {PREFIX} on {host}"
    return ""


def _on_host(table: Table, wanted: Wanted, host: str) -> Iterator[Finding]:
    claims = claimants(table, host, PREFIX, entrypoint=wanted.entrypoint, tls=True)
    mine = next((claim for claim in claims if claim.router.name == wanted.router), None)
    if mine is None:
        evidence = f"{wanted.router} gets nothing of {PREFIX} on {host} at the entrypoint {wanted.entrypoint} with TLS"
        yield explain("RT005").found(evidence, stack="traefik")
        return
    for rival in mine.ties_with:
        evidence = f"{_named(rival)} and {wanted.router} both match {PREFIX} on {host}, {mine.router.priority_reason}"
        remedy = precede(wanted.router, rival.effective_priority)
        yield explain("RT101").found(evidence, rival.location, remedy, stack="traefik")
    for claim in claims:
        if _is_ahead(claim, mine):
            part = "" if mine.reach is Reach.SHADOWED else "some of "
            evidence = (
                f"{_named(claim.router)} takes {part}{PREFIX} on {host} ahead of {wanted.router}: "
                f"{claim.router.priority_reason}, against {mine.router.effective_priority}"
            )
            remedy = precede(wanted.router, claim.router.effective_priority)
            yield explain("RT005").found(evidence, claim.router.location, remedy, stack="traefik")


def _is_ahead(claim: Claim, mine: Claim) -> bool:
    above = claim.router.effective_priority > mine.router.effective_priority
    return above and claim.reach in {Reach.ALWAYS, Reach.MAY}


def _named(router: Router) -> str:
    whose = ", ".join(router.owners)
    return f"{router.name} ({whose}; rule {router.rule})" if whose else f"{router.name} (rule {router.rule})"
