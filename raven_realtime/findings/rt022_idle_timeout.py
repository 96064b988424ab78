"""RT022: the WebSocket is closed when idle."""

from collections.abc import Callable
from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level
from raven_realtime.proxies.nginx.values import seconds

ENTRY = Entry(
    code="RT022",
    title="The WebSocket is closed when idle",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
A proxy closes connections that are silent for longer than its timeout. Engine.IO's server pings every pingInterval
(25 s) and gives pingTimeout (20 s) for the answer; a timeout of 45 s or less cuts live connections, and nginx's
default of 60 s leaves little room.
""",
    shows="""\
Connected, then disconnected after about the same time again and again (60 s with nginx's default). Or it stays open and
the pings that are due do not arrive: then the browser closes it after pingInterval + pingTimeout.
""",
    remedy="""\
Set the timeout of every proxy on the way far above pingInterval + pingTimeout: the seed's 86400 s.
""",
    said=(
        "transport close",
        "ping timeout",
        "1006",
        "499",
    ),
    source="socket.io documentation, Troubleshooting; seed, section 3.2",
    remedies=MappingProxyType(
        {
            "nginx": """\
`proxy_read_timeout 86400; proxy_send_timeout 86400;` in the location of `/socket.io/`.
""",
            "traefik": """\
On the entrypoint, `transport.respondingTimeouts.readTimeout=0` (3.x: 60 s by default, for reading the request) and
`idleTimeout` above 60 s.
""",
            "cloudflare": """\
Cloudflare closes idle WebSockets after 100 s, which pings every 25 s avoid: look at the proxies behind it.
""",
        }
    ),
)

PING_SECONDS = 45
"""Socket.IO's pingInterval and pingTimeout together, by default: what does not last longer closes a silent socket."""
DIRECTIVES = ("proxy_read_timeout", "proxy_send_timeout")


def first_to_close(value_of: Callable[[str], str]) -> tuple[str, float] | None:
    """Return the directive of nginx that closes a silent WebSocket first, and after how many seconds.

    Args:
        value_of: gives the value in force of a directive.
    """
    known = [(value, name) for name in DIRECTIVES if (value := seconds(value_of(name))) is not None]
    value, name = min(known, default=(0.0, ""))
    return (name, value) if name else None
