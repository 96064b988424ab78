"""Traefik is none of the versions that cut WebSockets."""

from raven_realtime.declared.rule import Rule
from raven_realtime.declared.versions import by_table
from raven_realtime.findings.rt023_closed_at_once import ENTRY

RULE = Rule(
    "sockets-not-cut", "Traefik is none of the versions that close WebSockets after two seconds", ENTRY, by_table(ENTRY)
)
