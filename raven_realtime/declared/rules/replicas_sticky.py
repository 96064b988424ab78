"""Several Socket.IO processes are only behind proxies that tie a client to one of them."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.journey import Way, judged, said_at
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt006_session_unknown import ENTRY
from raven_realtime.proxies.interface import Affinity, Passed


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report where the last proxy spreads a client's requests over several processes."""
    for way in judged(world):
        passed = way.poll.passed
        if passed is None or passed.affinity is not Affinity.NONE:
            continue
        count = _processes(way, passed)
        if count > 1:
            last = way.poll.last.node
            said = f"{way.shown}: {last.title} spreads requests over {count} processes, and ties no client to one"
            where = said_at(way.poll, "proxy_pass")
            yield ENTRY.found(said, where, stack=last.proxy.kind, level=way.worst, host=way.host)


def _processes(way: Way, passed: Passed) -> int:
    end = way.poll.destination
    if end and end.container and end.container.may_be_proxy and not way.is_signed:
        return 1  # a web server, of which nothing says that it is more
    copies = end.container.replicas if end and end.container else 1
    return max(len(set(passed.to)), copies)


RULE = Rule("replicas-sticky", "several Socket.IO processes stand behind sticky proxies only", ENTRY, judge)
