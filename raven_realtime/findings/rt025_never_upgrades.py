"""RT025: polling works, the upgrade does not."""

from collections.abc import Container
from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level
from raven_realtime.proxies.interface import Headers

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


def lost(version: str, headers: Headers, unknown: Container[str]) -> str:
    """Tell what of a WebSocket's handshake does not arrive behind a proxy; empty where all of it does.

    Args:
        version: of HTTP, as the proxy speaks it to the upstream: 1.0, 1.1.
        headers: what it sends.
        unknown: headers, in lower case, of which nobody can tell what is sent; ``*`` stands for all.
    """
    sent = {name.lower(): value for name, value in reversed(headers)}
    found = ["HTTP/1.0, not HTTP/1.1"] if version == "1.0" else []
    if "*" in unknown:
        return "; ".join(found)
    if "upgrade" not in unknown and sent.get("upgrade", "").lower() != "websocket":
        found.append("no `Upgrade: websocket`")
    elif "connection" not in unknown:
        options = ",".join(value for name, value in headers if name.lower() == "connection")
        if "upgrade" not in options.lower():
            found.append(f"`Connection: {sent.get('connection', '')}`, not upgrade")
    return "; ".join(found)
