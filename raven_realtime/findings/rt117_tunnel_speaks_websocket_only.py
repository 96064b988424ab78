"""RT117: the tunnel's service is for WebSockets only."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT117",
    title="The tunnel's service is for WebSockets only",
    level=Level.WARNING,
    hop="edge",
    meaning="""\
A service that begins with `ws://` or `wss://` takes WebSockets. Polls and pages are plain HTTP, and the tunnel refuses
them or sends them on in a way that the server does not know. `http://` takes both: a WebSocket begins as HTTP.
""",
    shows="""\
Polling fails, so the browser never gets as far as the upgrade; cloudflared's log says `unsupported protocol scheme`.
""",
    remedy="""\
Write `http://` (or `https://`) in the service's address. Nothing else has to change.
""",
    said=("unsupported protocol scheme",),
    source="cloudflared#526",
)
