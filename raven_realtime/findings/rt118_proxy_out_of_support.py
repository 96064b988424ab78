"""RT118: the proxy's syntax is of a version that is out of support."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT118",
    title="The proxy's syntax is of a version that is out of support",
    level=Level.WARNING,
    hop="proxy",
    meaning="""\
The file is written for Caddy 1, which got its last fix in 2020. Caddy 2 does not read it. Caddy 1 passes no upgrade on
unless its `proxy` says `websocket`.
""",
    shows="""\
With Caddy 1: polling works, the upgrade does not. With Caddy 2: it does not start, and names the first line.
""",
    remedy="""\
Move to Caddy 2: `reverse_proxy localhost:8280` is the whole of it, WebSockets included. To stay on Caddy 1 for now,
write `proxy / localhost:8280 { websocket transparent }`, one word a line.
""",
    source="https://caddyserver.com/docs/v2-upgrade",
)
