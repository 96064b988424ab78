"""RT111: Two tunnels: the page and Socket.IO differ in host."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT111",
    title="Two tunnels: the page and Socket.IO differ in host",
    level=Level.WARNING,
    hop="edge",
    meaning="""\
The web and Socket.IO have public addresses of their own (the seed's Option B). Stock Frappe compares the host in Host
with the one in Origin and refuses the browser; its `sid` cookie is bound to the page's host; and stock Raven cannot
be told another address for its socket.
""",
    shows="""\
`Invalid origin` or `Unauthorized` in the browser's console, though curl shows 200 at the tunnel of :9000.
""",
    remedy="""\
Lead one tunnel to the nginx multiplexer on 8005 (the seed's Option A). Option B serves clients that send an API
token.
""",
    said=(
        "Invalid origin",
        "Unauthorized",
    ),
    source="seed, section 4.2; facts of this project, Option B",
)
