"""The WebSocket upgrade passes every proxy: HTTP/1.1, Upgrade and Connection arrive where /socket.io/ is answered."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.journey import Journey, Leg, Way, leading, said_at
from raven_realtime.declared.remedies import upgrade_of
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt025_never_upgrades import ENTRY, lost
from raven_realtime.proxies.interface import Passed


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Ask for a WebSocket and look at what each proxy passes on."""
    for way in leading(world):
        for count, leg in enumerate(way.websocket.legs, 1):
            outcome = leg.outcome
            if not isinstance(outcome, Passed):
                break
            if said := _lost(leg, outcome):
                yield _found(way, Journey(way.websocket.legs[:count], way.websocket.destination), said)
                break


def _found(way: Way, journey: Journey, said: str) -> Finding:
    text = f"{way.shown}: the upstream of /socket.io/ gets {said}"
    kind = journey.last.node.proxy.kind
    remedy = upgrade_of(journey)
    return ENTRY.found(text, said_at(journey), remedy, stack=kind, level=way.worst, host=way.host)


def _lost(leg: Leg, passed: Passed) -> str:
    if not leg.request.upgrades:
        return ""
    said = lost(passed.request.version, passed.request.headers, passed.unknown)
    if not said and not passed.relays_upgrade:
        return "an upgrade whose answer the proxy does not relay"
    return said


RULE = Rule(
    "upgrade-passes",
    "HTTP/1.1, Upgrade and Connection are in effect where /socket.io/ is answered",
    ENTRY,
    judge,
    alone=True,
)
