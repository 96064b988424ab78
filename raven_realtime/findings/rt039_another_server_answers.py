"""RT039: another Socket.IO server answers."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT039",
    title="Another Socket.IO server answers",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
The handshakes in the two places carry different parameters (pingInterval, pingTimeout, maxPayload, upgrades): the
public URL does not lead to the server that answers locally, but to another bench, an old container, or a cache.
""",
    shows="""\
Everything connects, and events published on this bench never arrive at the page.
""",
    remedy="""\
Find where the public route leads: the router's service, nginx's upstream, the tunnel's address. Stop what should
not run, and see that no cache keeps `/socket.io/`.
""",
    source="docs/guidelines.md, Production's checks",
    remedies=MappingProxyType(
        {
            "traefik": """\
`/api/http/services` of Traefik's API lists the servers of each service: an old container with the same labels shows
there.
""",
        }
    ),
)
