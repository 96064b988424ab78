"""Answers of Socket.IO are passed on at once."""

from collections.abc import Iterator

from raven_realtime.findings.answers_buffered import ENTRY
from raven_realtime.findings.entry import Finding
from raven_realtime.lint.passages import forwarding
from raven_realtime.lint.rule import Parameters, Rule
from raven_realtime.lint.world import World


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report where buffering is on."""
    for passage in forwarding(world):
        if passage.polling.value("proxy_buffering") != "off":
            yield ENTRY.found(
                f"{passage.host}: proxy_buffering is on where /socket.io/ is answered", passage.said("proxy_buffering")
            )


RULE = Rule("unbuffered", "nginx passes Socket.IO's answers on at once", ENTRY, judge, alone=True)
