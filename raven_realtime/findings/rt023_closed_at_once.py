"""RT023: the WebSocket closes within seconds."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT023",
    title="The WebSocket closes within seconds",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
The upgrade succeeds and the connection is cut right after it. Traefik 2.11.1 and 3.0-rc4 did that with their
lingering timeout after 2 s; a load balancer that does not know WebSockets, or a server that crashes on the first
packet, look alike.
""",
    shows="""\
Close code 1006 about 2 s after every upgrade; the client falls back to polling or reconnects without end.
""",
    remedy="""\
Upgrade Traefik to 2.11.2, 3.0 or later. If it is none of those versions, ask the next hop inward in the same way
(`raven-realtime check upgrade http://127.0.0.1:9000 --at origin`) and read the log of the first that fails.
""",
    said=(
        "1006",
        "websocket is closed before the connection is established",
    ),
    source="traefik#10598",
    remedies=MappingProxyType(
        {
            "traefik": """\
`docker inspect -f '{{.Config.Image}}' TRAEFIK` and replace 2.11.1 or 3.0.0-rc4 by a later release.
""",
        }
    ),
)
