"""Proxies keep a silent connection for the seed's 86400 seconds."""

from collections.abc import Iterator

from raven_realtime.declared.passages import forwarding
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.rules.idle_timeout import DIRECTIVES
from raven_realtime.declared.rules.idle_timeout import RULE as SHORTER
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt107_timeout_below_a_day import ENTRY
from raven_realtime.proxies.nginx.values import seconds

PING = SHORTER.parameters["ping_seconds"].default


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report timeouts in force between the ping's time and the seed's."""
    for passage in forwarding(world):
        for name in DIRECTIVES:
            value = seconds(text := passage.polling.value(name))
            if value is not None and PING < value < parameters["seconds"]:  # type: ignore[operator]  # an int
                yield ENTRY.found(
                    f"{passage.host}: {name} is {text}, less than {parameters['seconds']}", passage.said(name)
                )


RULE = Rule(
    "timeout-of-a-day",
    "proxies keep a silent connection for the seed's 86400 seconds",
    ENTRY,
    judge,
    {"seconds": Parameter(86_400, "The shortest timeout to accept, in seconds")},
    alone=True,
)
