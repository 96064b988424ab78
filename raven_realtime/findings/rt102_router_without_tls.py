"""RT102: the router of /socket.io takes no TLS."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT102",
    title="The router of /socket.io takes no TLS",
    level=Level.NOTE,
    hop="edge",
    meaning="""\
The router listens on a plain entrypoint, or says nothing of TLS and neither does its entrypoint. A page that came by
https may open neither `ws://` nor plain polling requests, and `https://HOST/socket.io/` has no router at all.
""",
    shows="""\
404 from Traefik on `https://HOST/socket.io/`, or mixed-content errors in the browser's console.
""",
    remedy="""\
Put the router on the TLS entrypoint with a certificate resolver: labels
`…routers.frappe-socketio.entrypoints=websecure` and `…routers.frappe-socketio.tls.certresolver=myresolver`.
""",
    said=("404",),
    source="seed, section 3.2",
)
