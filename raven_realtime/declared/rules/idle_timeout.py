"""Proxies keep a silent connection for longer than Engine.IO's ping takes."""

from collections.abc import Iterator

from raven_realtime.declared.passages import forwarding
from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt022_idle_timeout import ENTRY
from raven_realtime.proxies.nginx.values import seconds

DIRECTIVES = ("proxy_read_timeout", "proxy_send_timeout")


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report timeouts in force that a ping does not keep alive."""
    for passage in forwarding(world):
        for name in DIRECTIVES:
            value = seconds(text := passage.polling.value(name))
            if value is not None and value <= parameters["ping_seconds"]:
                yield ENTRY.found(
                    f"{passage.host}: {name} is {text}; a ping and its answer may take {parameters['ping_seconds']} s",
                    passage.said(name),
                    stack="nginx",
                )


RULE = Rule(
    "idle-timeout",
    "proxies keep a silent connection for longer than pingInterval + pingTimeout",
    ENTRY,
    judge,
    {"ping_seconds": Parameter(45, "pingInterval + pingTimeout of the Socket.IO server, in seconds")},
    alone=True,
)
