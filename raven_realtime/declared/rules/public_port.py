"""The page has the usual port: Raven and Frappe's newer apps ask another one else."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared import names
from raven_realtime.declared.journey import USUAL, Part, frappes
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt017_public_port_of_its_own import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report pages on a port of their own that have Socket.IO behind them."""
    for way in frappes(world):
        end = way.page.destination
        if way.port in USUAL.values() or not way.ends_at_realtime or not (end and end.part is not Part.REALTIME):
            continue
        if names.is_loopback(way.entrance.listener.address):
            continue  # nobody but this machine sees the page
        said = f"{way.shown}: the page is on port {way.port}, where Desk stays, and Raven and Vue apps ask another one"
        level = Level.WARNING if way.node.container else Level.NOTE
        yield ENTRY.found(said, way.entrance.location, level=level, host=way.host)


RULE = Rule("public-port", "the page has port 80 or 443", ENTRY, judge, advises=True)
