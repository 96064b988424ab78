"""No login stands before the handshake."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.journey import Way, answered, judged, said_at
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level
from raven_realtime.findings.rt026_login_before_handshake import ENTRY
from raven_realtime.proxies.interface import Consulted, Passed
from raven_realtime.proxies.location import Location


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report who is asked first whether a handshake may pass, and passwords.

    Where the page itself is behind the same login, a browser that has logged in gets through: a warning.
    """
    for way in judged(world):
        refused = answered(way.poll)
        if refused and refused.status == 401:
            where = said_at(way.poll, "auth_basic")
            yield _found(way, f"{way.shown}: /socket.io/ asks for a password", where, _level(way, None))
        for leg in way.poll.legs:
            for consulted in leg.outcome.consulted if isinstance(leg.outcome, Passed) else ():
                said = f"{way.shown}: {consulted.address} is asked before every handshake"
                yield _found(way, said, consulted.location, _level(way, consulted))


def _level(way: Way, consulted: Consulted | None) -> Level:
    of_page = {each for leg in way.page.legs if isinstance(leg.outcome, Passed) for each in leg.outcome.consulted}
    page = answered(way.page)
    same = consulted in of_page if consulted else bool(page and page.status == 401)
    return Level.WARNING if same else way.worst


def _found(way: Way, said: str, where: Location, level: Level) -> Finding:
    kind = way.poll.last.node.proxy.kind
    return ENTRY.found(said, where, stack=kind, level=level, host=way.host)


RULE = Rule("no-login-before", "no login stands before the handshake", ENTRY, judge)
