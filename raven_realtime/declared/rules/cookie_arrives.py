"""The session cookie arrives at the realtime process."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.journey import frappes, said_at
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt013_cookie_missing import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Look for the browser's cookie in what arrives."""
    for way in frappes(world):
        # None: it cannot be told
        if way.ends_at_realtime and way.poll.arrived is not None and way.poll.header("cookie") == "":
            said = f"{way.shown}: /socket.io/ arrives without the browser's cookies"
            where, kind = said_at(way.poll, "proxy_set_header"), way.poll.last.node.proxy.kind
            yield ENTRY.found(said, where, stack=kind, host=way.host)


RULE = Rule("cookie-arrives", "the browser's cookies arrive at the realtime process", ENTRY, judge, alone=True)
