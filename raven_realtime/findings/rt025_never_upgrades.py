"""RT025: polling works, the upgrade does not."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT025",
    title="Polling works, the upgrade does not",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
The WebSocket handshake does not get through: the proxy speaks HTTP/1.0 to the upstream, drops `Upgrade` and
`Connection` (they are hop-by-hop headers, so a proxy has to set them again), or allows no upgrade on this path.
""",
    shows="""\
`/socket.io/?…transport=websocket` ends with 400 or 200 instead of 101; messages arrive with delay, by polling,
under load.
""",
    remedy="""\
Let every proxy on the way speak HTTP/1.1 and pass on Upgrade and Connection. Then
`raven-realtime check upgrade URL`.
""",
    said=(
        "Error during WebSocket handshake",
        "Unexpected response code: 400",
        "Unexpected response code: 200",
        "426",
        "websocket error",
    ),
    source="nginx documentation, WebSocket proxying",
    remedies=MappingProxyType(
        {
            "nginx": """\
In the location of `/socket.io/`:

    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;

with `map $http_upgrade $connection_upgrade { default upgrade; "" ""; }` at http level.
""",
            "traefik": """\
Traefik passes upgrades on by itself: a middleware (`buffering`, `compress` with old versions) or the nginx behind
it is at fault. Ask the sidecar itself: `raven-realtime check upgrade http://SIDECAR --at sidecar`.
""",
            "cloudflare": """\
Network → WebSockets must be on for the zone.
""",
        }
    ),
)
