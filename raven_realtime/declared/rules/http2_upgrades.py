"""WebSockets over HTTP/2 pass this Traefik."""

from raven_realtime.declared.rule import Rule
from raven_realtime.declared.versions import by_table
from raven_realtime.findings.rt024_http2_upgrade import ENTRY

RULE = Rule(
    "http2-upgrades", "Traefik is none of the versions in which WebSockets over HTTP/2 fail", ENTRY, by_table(ENTRY)
)
