"""RT106: the proxy's health check asks Socket.IO."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT106",
    title="The proxy's health check asks Socket.IO",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
Traefik drops the routes of containers that are unhealthy or still starting. A sidecar whose health check asks :9000
loses its route whenever Socket.IO restarts, and the path falls to whatever router matches next.
""",
    shows="""\
After a restart of Socket.IO, 404 or another service's page on `/socket.io/` for some seconds, instead of a short 502.
""",
    remedy="""\
Ask nginx itself: a server block of its own that returns 200, and `curl -fs -H 'Host: …' http://127.0.0.1/` as the
test.
""",
    source="Traefik documentation, Docker provider: unhealthy containers are left out",
)
