"""RT101: two routers tie for /socket.io."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT101",
    title="Routers tie for /socket.io",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
Two or more of Traefik's routers match `/socket.io/` on this host with the same priority. Traefik defines no order
among them: which one gets a request can change with every reload of its configuration. Without a `priority`, a rule's
length is its priority, so that two rules of equal length tie.
""",
    shows="""\
Realtime works until a container is restarted or deployed, then fails, and works again after the next one.
""",
    remedy="""\
Give the router that leads to Socket.IO a priority of its own, above the others': in this project's stack
`pulumi config set raven-realtime:priority 1000`.
""",
    source="Traefik documentation, Routing & Load Balancing, Routers, Priority",
    remedies=MappingProxyType(
        {
            "traefik": """\
Set `traefik.http.routers.frappe-socketio.priority=1000` on the container, or remove the other router;
`raven-realtime routes HOST` shows both.
""",
        }
    ),
    explains=("RT001", "RT005", "RT006"),
)
