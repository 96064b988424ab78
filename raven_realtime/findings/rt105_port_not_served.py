"""RT105: Traefik asks a port that nginx does not serve."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT105",
    title="Traefik asks a port that nginx does not serve",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
The label `loadbalancer.server.port` is not a port that the nginx in this container listens on.
""",
    shows="""\
502 Bad Gateway from Traefik on every request for `/socket.io/`.
""",
    remedy="""\
Set `traefik.http.services.frappe-socketio.loadbalancer.server.port` to the port of nginx' `listen` (80 in the seed),
or change `listen`.
""",
    said=("502",),
    source="seed, section 3.2",
)
