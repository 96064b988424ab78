"""Proxies keep a silent connection for longer than Engine.IO's ping takes."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.journey import Journey, Way, leading, said_at
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt022_idle_timeout import ENTRY, PING_SECONDS, first_to_close
from raven_realtime.proxies.interface import Passed
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.proxy import Nginx


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report timeouts in force that a ping does not keep alive."""
    ping = parameters["ping_seconds"]
    for way in leading(world):
        for name, value, where, kind in timeouts(way):
            if value <= ping:
                said = f"{way.shown}: {name} is {value:g} s; a ping and its answer may take {ping} s"
                yield ENTRY.found(said, where, stack=kind, level=way.worst, host=way.host)


def timeouts(way: Way) -> Iterator[tuple[str, float, Location, str]]:
    """Yield what ends a silent WebSocket at each proxy: its name, seconds and place, and the proxy's kind."""
    for count, leg in enumerate(way.websocket.legs, 1):
        if not isinstance(leg.outcome, Passed) or leg.node.modelled:
            continue
        journey = Journey(way.websocket.legs[:count])
        if isinstance(leg.node.proxy, Nginx):
            answer = leg.node.proxy.answer(leg.request)
            if first := first_to_close(answer.told):
                yield *first, said_at(journey, first[0]), "nginx"
        elif leg.outcome.idle_seconds is not None:
            kind = leg.node.proxy.kind
            yield f"the time-out of {kind}", leg.outcome.idle_seconds, leg.outcome.location, kind


RULE = Rule(
    "idle-timeout",
    "proxies keep a silent connection for longer than pingInterval + pingTimeout",
    ENTRY,
    judge,
    {"ping_seconds": Parameter(PING_SECONDS, "pingInterval + pingTimeout of the Socket.IO server, in seconds")},
    alone=True,
)
