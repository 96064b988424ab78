"""RT022: the WebSocket is closed when idle."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

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
