"""One router owns /socket.io on each host: no other one gets any of it."""

from collections.abc import Iterator

from raven_realtime.declared.realtime_routers import Route, contested, names_socketio, realtime_routers, redirects
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt005_path_owned_by_another import ENTRY, precede
from raven_realtime.proxies.traefik.claims import Claim, Reach
from raven_realtime.proxies.traefik.table import Router


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report every router that gets some of what is meant for Socket.IO, and every one that loses all of it.

    Over plain HTTP, one that sends clients to https is in nobody's way.
    """
    mine = {router.name for router in realtime_routers(world)}
    for route in contested(world):
        for claim in route.claims:
            if claim.router.name == route.router.name:
                if claim.reach is Reach.SHADOWED and not _is_mine(claim, mine):
                    winners = _winners(route, claim)
                    if route.tls or not all(redirects(world, winner) for winner in winners):
                        yield _lost(route, winners, mine)
            elif claim.router.name in mine and route.router.name not in mine:
                continue  # a router of its own for Socket.IO, before the one for all of Frappe
            elif not route.tls and redirects(world, claim.router):
                continue
            elif claim.reach in {Reach.ALWAYS, Reach.MAY} and not claim.ties_with and _rivals(route, claim, mine):
                yield ENTRY.found(
                    f"{route.host}: {claim.router.name} ({claim.router.priority_reason}) can get /socket.io/ "
                    f"beside {route.router.name} ({route.router.priority_reason}): {claim.why}",
                    claim.router.location,
                    _remedy(route, [claim.router], mine),
                    stack="traefik",
                )


def _rivals(route: Route, claim: Claim, mine: set[str]) -> bool:
    """Tell whether two routers compete: not when both are meant for Socket.IO and lead to the same service."""
    if claim.router.name in mine and claim.router.service == route.router.service:
        return False
    lost = all(each.reach is Reach.SHADOWED for each in route.claims if each.router.name == route.router.name)
    return not (lost and claim.router.name not in mine)


def _is_mine(claim: Claim, mine: set[str]) -> bool:
    return all(router.name in mine and not names_socketio(claim.router) for router in claim.shadowed_by)


def _winners(route: Route, claim: Claim) -> list[Router]:
    getting = {each.router.name for each in route.claims if each.reach is not Reach.SHADOWED}
    return [router for router in claim.shadowed_by if router.name in getting]


def _lost(route: Route, winners: list[Router], mine: set[str]) -> Finding:
    named = ", ".join(f"{router.name} ({router.priority_reason})" for router in winners)
    return ENTRY.found(
        f"{route.host}: {named} takes every request for /socket.io/ before {route.router.name} "
        f"({route.router.priority_reason})",
        route.router.location,
        _remedy(route, winners, mine),
        stack="traefik",
    )


def _remedy(route: Route, winners: list[Router], mine: set[str]) -> str:
    """Say how the router comes first; one for all of Frappe would then take the other application's paths too."""
    if route.router.name in mine:
        return precede(route.router.name, max((router.effective_priority for router in winners), default=0))
    return "Give the other application a host of its own, or another path for its socket."


RULE = Rule("one-owner", "one router owns /socket.io on each host", ENTRY, judge)
