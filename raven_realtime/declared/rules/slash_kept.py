"""/socket.io without its slash is not redirected to an inner address."""

from collections.abc import Iterator

from raven_realtime.declared.passages import realtime
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt115_slash_redirected import ENTRY
from raven_realtime.proxies.nginx.routing import Action


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Ask for /socket.io and look at where a redirect leads."""
    for passage in realtime(world):
        answer = passage.without_slash
        leads = answer.redirect or ""
        if answer.action is Action.REDIRECT and leads.startswith("http") and passage.behind_tls:
            yield ENTRY.found(f"{passage.host}: /socket.io is redirected to {leads.partition('?')[0]}", passage.at)


RULE = Rule(
    "slash-kept",
    "/socket.io without its slash is not redirected to an inner address",
    ENTRY,
    judge,
    alone=True,
    advises=True,
)
