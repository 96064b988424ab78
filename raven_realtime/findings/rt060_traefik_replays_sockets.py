"""RT060: Traefik replays closed WebSockets."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT060",
    title="Traefik replays closed WebSockets",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
In Traefik 3.7.6 and 3.7.7 a router's retry middleware takes a WebSocket that was closed for a request that failed, and
sends it again; with many of them the whole process can end. 3.6, and 3.7 up to 3.7.5, do not.
""",
    shows="""\
Sockets close and open without a reason, upgrades come twice in Socket.IO's log, and now and then Traefik restarts.
""",
    remedy="""\
Traefik 3.7.8 or later. Until then take the retry middleware off the router of `/socket.io`.
In this project's production stack: `pulumi config set raven-realtime:traefikVersion 3.7.6`.
""",
    source="traefik#13513, traefik#13514",
)
