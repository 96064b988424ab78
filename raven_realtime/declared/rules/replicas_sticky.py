"""Several Socket.IO processes are only behind proxies that tie a client to one of them."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.journey import Journey, Leg, Way, follow, leading, others, said_at
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt006_session_unknown import ENTRY
from raven_realtime.proxies.interface import Affinity, Passed


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report where a proxy spreads a client's requests over several processes, with other proxies between or not."""
    for way in leading(world):
        for count, leg in enumerate(way.poll.legs, 1):
            passed = leg.outcome
            if not isinstance(passed, Passed) or passed.affinity is not Affinity.NONE:
                continue
            processes = _processes(way, passed) if leg is way.poll.last else _ends(way, leg)
            if processes > 1:
                title, kind = leg.node.title, leg.node.proxy.kind
                said = f"{way.shown}: {title} spreads requests over {processes} processes, and ties no client to one"
                where = said_at(Journey(way.poll.legs[:count]), "proxy_pass")
                yield ENTRY.found(said, where, stack=kind, level=way.worst, host=way.host)


def _ends(way: Way, leg: Leg) -> int:
    """Count the ends of what a proxy may send to one of several others."""
    branches = [follow(way.world, node, request).destination for node, request in others(way.world, leg)]
    ends = [way.poll.destination, *branches]
    return len({(end.address, end.container and end.container.name) for end in ends if end})


def _processes(way: Way, passed: Passed) -> int:
    end = way.poll.destination
    if end and end.container and end.container.may_be_proxy and not way.is_signed:
        return 1  # a web server, of which nothing says that it is more
    copies = end.container.replicas if end and end.container else 1
    return max(len(set(passed.to)), copies)


RULE = Rule("replicas-sticky", "several Socket.IO processes stand behind sticky proxies only", ENTRY, judge)
