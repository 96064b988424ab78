"""RT018: nginx sends Socket.IO to port 3000."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Given, Level

ENTRY = Entry(
    code="RT018",
    title="nginx sends Socket.IO to port 3000",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
The bench's nginx template falls back to port 3000 when `socketio_port` is not set: nginx then asks a port where
nothing (or something else) answers.
""",
    shows="""\
502 on `/socket.io/` although Socket.IO answers on 9000; nginx's error log names `127.0.0.1:3000`.
""",
    remedy="""\
`bench set-config -g socketio_port 9000`, then `bench setup nginx`, `nginx -t`, and reload.
""",
    said=(
        "127.0.0.1:3000",
        "502",
    ),
    source="bench template nginx.conf",
    remedies=MappingProxyType(
        {
            "bench": """\
`bench set-config -g socketio_port 9000 && bench setup nginx --yes && sudo nginx -t && sudo systemctl reload nginx`
""",
        }
    ),
    explains=("RT001", "RT002", "RT003", "RT005", "RT026", "RT037"),
    given=Given.SEEN_FROM_NGINX,
)

FALLBACK_PORT = 3000
"""What bench's template writes where socketio_port is not set."""


def code_of(asked: int, listens: int | None) -> str:
    """Return what it is that nginx asks a port for Socket.IO: RT018 or RT016; empty where it is the right one.

    Args:
        asked: the port that nginx asks.
        listens: the port that the realtime process is told; None where nobody says one.
    """
    if asked == listens:
        return ""
    if asked == FALLBACK_PORT:
        return "RT018"
    return "RT016" if listens else ""
