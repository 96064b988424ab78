"""Answers of Socket.IO are passed on at once."""

from collections.abc import Iterator

from raven_realtime.declared.passages import forwarding
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt112_answers_buffered import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report where buffering is on."""
    for passage in forwarding(world):
        if passage.polling.value("proxy_buffering") != "off":
            yield ENTRY.found(
                f"{passage.host}: proxy_buffering is on where /socket.io/ is answered", passage.said("proxy_buffering")
            )


RULE = Rule("unbuffered", "nginx passes Socket.IO's answers on at once", ENTRY, judge, alone=True)
