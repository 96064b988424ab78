"""Proxies keep a silent connection for a day."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.journey import TUNNELS, leading
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.rules.idle_timeout import RULE as SHORTER
from raven_realtime.declared.rules.idle_timeout import timeouts
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt107_timeout_below_a_day import ENTRY

PING = SHORTER.parameters["ping_seconds"].default


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report timeouts in force between the ping's time and a day."""
    for way in leading(world):
        for name, value, where, kind in timeouts(way):
            # what a tunnel's own service does is nobody's to change
            if kind not in TUNNELS and PING < value < parameters["seconds"]:  # type: ignore[operator]  # an int
                yield ENTRY.found(
                    f"{way.shown}: {name} is {value:g} s, less than {parameters['seconds']}", where, host=way.host
                )


RULE = Rule(
    "timeout-of-a-day",
    "proxies keep a silent connection for 86400 seconds, a day",
    ENTRY,
    judge,
    {"seconds": Parameter(86_400, "The shortest timeout to accept, in seconds")},
    alone=True,
)
