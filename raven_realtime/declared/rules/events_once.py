"""A redis adapter between several Socket.IO processes does not multiply events."""

import re
from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt031_duplicate_events import ENTRY

_ADAPTER = re.compile(r"createAdapter\s*\(|createShardedAdapter\s*\(")
_SUBSCRIBED = re.compile(r"subscribe\(\s*[\"'`]events[\"'`]")
_LOCAL = re.compile(r"\.local\b")


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report server code with an adapter that emits published events to all processes."""
    whole = "\n".join(source.text for source in world.sources)
    if not _SUBSCRIBED.search(whole) or _LOCAL.search(whole):
        return
    for source in world.sources:
        if found := _ADAPTER.search(source.text):
            yield ENTRY.found(
                "every process subscribes to `events` and emits through the adapter: one copy a process",
                source.line(found.start()),
                "Emit published events with `.local` (`io.of(n).local.to(room).emit(…)`), or leave out the adapter.",
            )


RULE = Rule("events-once", "a redis adapter does not multiply published events", ENTRY, judge)
