"""/socket.io without its slash is not redirected to an inner address."""

from collections.abc import Iterator

from raven_realtime.declared.journey import PATH, frappes, said_at
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt115_slash_redirected import ENTRY
from raven_realtime.proxies.interface import Redirected


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Ask for /socket.io and look at where a redirect leads."""
    for way in frappes(world):
        outcome = way.without_slash.last.outcome
        if not way.ends_at_realtime or not isinstance(outcome, Redirected):
            continue
        leads = outcome.to.partition("?")[0]
        if leads.startswith("http") and (leads != f"{way.origin}{PATH}" or way.perhaps_fronted):
            yield ENTRY.found(f"{way.shown}: /socket.io is redirected to {leads}", said_at(way.poll), host=way.host)


RULE = Rule(
    "slash-kept",
    "/socket.io without its slash is not redirected to an inner address",
    ENTRY,
    judge,
    alone=True,
    advises=True,
)
