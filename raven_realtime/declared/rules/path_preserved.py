"""Path and query string arrive as the client sent them."""

from collections.abc import Iterator

from raven_realtime.declared.passages import PATH, QUERY, forwarding, place
from raven_realtime.declared.realtime_routers import middlewares_of, realtime_routers
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt007_request_mangled import ENTRY

REWRITING = frozenset({"stripprefix", "stripprefixregex", "replacepath", "replacepathregex", "addprefix"})


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Compare what the upstream gets with what was asked; report middlewares that rewrite the path."""
    asked = f"{PATH}?{QUERY}"
    for passage in forwarding(world):
        got = passage.polling.upstream_uri
        if got is not None and got != asked:
            decided = passage.polling.decided_by or passage.server
            yield ENTRY.found(f"{passage.host}: {asked} arrives as {got}", place(decided, passage.nginx), stack="nginx")
    for router in realtime_routers(world):
        for middleware in middlewares_of(world, router):
            if middleware and middleware.kind.lower() in REWRITING:
                yield ENTRY.found(
                    f"{router.name} uses {middleware.name}, a {middleware.kind}: Socket.IO gets another path",
                    middleware.location or router.location,
                )


RULE = Rule("path-preserved", "path and query string arrive as the client sent them", ENTRY, judge)
