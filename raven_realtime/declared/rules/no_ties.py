"""No two routers of the same priority match a request for /socket.io."""

from collections.abc import Iterator

from raven_realtime.declared.realtime_routers import contested
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt005_path_owned_by_another import precede
from raven_realtime.findings.rt101_routers_tie import ENTRY
from raven_realtime.proxies.traefik.claims import Reach


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report each pair of routers that tie, unless they lead to the same service."""
    for route in contested(world):
        for claim in route.claims:
            if claim.reach is Reach.SHADOWED or claim.router.name != route.router.name:
                continue
            for rival in claim.ties_with:
                if rival.service != claim.router.service:
                    first, second = sorted((claim.router, rival), key=lambda router: router.name)
                    yield ENTRY.found(
                        f"{route.host}: {first.name} and {second.name} tie at {first.priority_reason}",
                        second.location,
                        precede(route.router.name, first.effective_priority),
                    )


RULE = Rule("no-ties", "no two routers of the same priority match a request for /socket.io", ENTRY, judge)
