"""RT040: the handshake is redirected."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT040",
    title="The handshake is redirected",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
The answer sends the client to another address of Socket.IO: http to https, a path without its slash, another host
name. The page's XHR follows only some of it, and a WebSocket follows none.
""",
    shows="""\
301, 302, 307 or 308 on `/socket.io/?…`, or an address with the proxy's inner port such as
`http://host:8005/socket.io/`.
""",
    remedy="""\
Ask the address it points to: if that is right, let users come to that one. nginx redirects `/socket.io` without a
slash to its own port unless `absolute_redirect off` is set.
""",
    said=(
        "301",
        "302",
        "307",
        "308",
    ),
    source="nginx documentation, absolute_redirect; Fetch standard, WebSocket",
    remedies=MappingProxyType(
        {
            "nginx": """\
`absolute_redirect off;` in the server, and `location /socket.io/` for a client that asks with the slash.
""",
            "traefik": """\
The redirect to https belongs to the entrypoint `web` only; on `websecure` remove `redirectScheme` from the router.
""",
        }
    ),
)
