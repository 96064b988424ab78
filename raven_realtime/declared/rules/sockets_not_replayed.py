"""Traefik's retry leaves closed WebSockets alone."""

from raven_realtime.declared.rule import Rule
from raven_realtime.declared.versions import by_table
from raven_realtime.findings.rt060_traefik_replays_sockets import ENTRY

RULE = Rule(
    "sockets-not-replayed",
    "Traefik is none of the versions whose retry sends closed WebSockets again",
    ENTRY,
    by_table(ENTRY),
)
