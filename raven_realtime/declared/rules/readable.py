"""Every configuration can be read."""

from collections.abc import Iterator

from raven_realtime.declared.journey import ways
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt116_configuration_unreadable import ENTRY
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.missing import all_missing, why


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report what could not be read, and what nginx would refuse, with the reader's own words."""
    for broken in world.unreadable:
        yield ENTRY.found(broken.value, broken.location)
    for passed_over in world.passed_over:
        yield ENTRY.found(passed_over.value, passed_over.location, level=Level.NOTE)
    for nginx in world.nginx:
        for include in all_missing(nginx.tree):
            said = f"{why(include)}; what it could change is left open"
            yield ENTRY.found(said, Location(include.file or nginx.name, include.line or None), level=Level.NOTE)
    for way in ways(world):
        for journey in (way.poll, way.websocket, way.without_slash):
            if journey.refused:
                yield ENTRY.found(journey.refused, journey.last.node.proxy.location)
                break


RULE = Rule("readable", "every configuration can be read", ENTRY, judge, alone=True)
