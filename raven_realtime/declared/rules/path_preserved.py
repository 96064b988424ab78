"""Path, query string and kind of request arrive as the client sent them."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.journey import PATH, QUERY, Way, judged, said_at
from raven_realtime.declared.realtime_routers import middlewares_of, realtime_routers
from raven_realtime.declared.remedies import whole_path_of
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt007_request_mangled import ENTRY

REWRITING = frozenset({"stripprefix", "stripprefixregex", "replacepath", "replacepathregex", "addprefix"})


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Compare what arrives with what was asked; report middlewares that rewrite the path."""
    asked = f"{PATH}?{QUERY}"
    for way in judged(world):
        arrived = way.poll.passed.request if way.poll.passed else None
        if arrived is None:
            continue
        if arrived.target != asked:
            said = f"{way.shown}: {asked} arrives as {arrived.target}"
            yield _found(way, said, way.worst)
        elif arrived.upgrades:
            said = f"{way.shown}: every request arrives with `Upgrade: websocket`, a poll too, and polling fails"
            yield _found(way, said, way.worst)
    for router in realtime_routers(world):
        for middleware in middlewares_of(world, router):
            if middleware and middleware.kind.lower() in REWRITING:
                yield ENTRY.found(
                    f"{router.name} uses {middleware.name}, a {middleware.kind}: Socket.IO gets another path",
                    middleware.location or router.location,
                )


def _found(way: Way, said: str, level: Level) -> Finding:
    kind, where = way.poll.last.node.proxy.kind, said_at(way.poll, "proxy_pass")
    return ENTRY.found(said, where, whole_path_of(way.poll), stack=kind, level=level, host=way.host)


RULE = Rule("path-preserved", "path and query string arrive as the client sent them", ENTRY, judge)
