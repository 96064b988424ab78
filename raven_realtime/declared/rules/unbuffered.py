"""Answers of Socket.IO are passed on at once."""

from collections.abc import Iterator

from raven_realtime.declared.journey import Journey, leading, said_at
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt112_answers_buffered import ENTRY
from raven_realtime.proxies.interface import Passed
from raven_realtime.proxies.nginx.proxy import Nginx


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report where buffering is on."""
    for way in leading(world):
        for count, leg in enumerate(way.poll.legs, 1):
            proxy = leg.node.proxy
            passes = isinstance(leg.outcome, Passed) and not leg.node.modelled
            if not passes or not isinstance(proxy, Nginx):
                continue
            answer = proxy.answer(leg.request)
            if not answer.leaves_open("proxy_buffering") and answer.value("proxy_buffering") != "off":
                where = said_at(Journey(way.poll.legs[:count]), "proxy_buffering")
                said = f"{way.shown}: proxy_buffering is on where /socket.io/ is answered"
                yield ENTRY.found(said, where, host=way.host)


RULE = Rule("unbuffered", "nginx passes Socket.IO's answers on at once", ENTRY, judge, alone=True)
