"""Traefik uses every router that is declared."""

from collections.abc import Iterator

from raven_realtime.findings.entry import Finding
from raven_realtime.findings.router_dropped import ENTRY
from raven_realtime.lint.rule import Parameters, Rule
from raven_realtime.lint.world import World

SWITCHED_OFF = ("traefik.enable is false", "the label traefik.enable is not true")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report what Traefik drops, and the routers that it disables."""
    table = world.table
    for dropped in table.dropped:
        if dropped.why not in SWITCHED_OFF:
            yield ENTRY.found(f"{dropped.name}: {dropped.why.removeprefix(f'{dropped.location}: ')}", dropped.location)
    for name, why in table.disabled.items():
        yield ENTRY.found(f"{name}: {why}", table.routers[name].location)


RULE = Rule("routers-accepted", "Traefik uses every router that is declared", ENTRY, judge)
