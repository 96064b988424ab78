"""No login stands before the handshake."""

from collections.abc import Iterator

from raven_realtime.declared.passages import passages
from raven_realtime.declared.realtime_routers import middlewares_of, names_socketio, realtime_routers
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt026_login_before_handshake import ENTRY

ASKING = frozenset({"forwardauth", "basicauth", "digestauth"})


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report middlewares that ask for a login, and nginx's auth_basic."""
    for router in realtime_routers(world):
        for middleware in middlewares_of(world, router) if names_socketio(router) else ():
            if middleware and middleware.kind.lower() in ASKING:
                yield ENTRY.found(f"{router.name} uses {middleware.name}, a {middleware.kind}", router.location)
    for passage in passages(world):
        if passage.meant and passage.polling.status == 401:
            yield ENTRY.found(f"{passage.host}: /socket.io/ asks for a password", passage.said("auth_basic"))


RULE = Rule("no-login-before", "no login stands before the handshake", ENTRY, judge)
