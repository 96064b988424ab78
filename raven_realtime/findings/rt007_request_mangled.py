"""RT007: Socket.IO calls the request bad."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT007",
    title="Socket.IO calls the request bad",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
The request reached a server that refuses its form: the query string (`EIO=4`, `transport=…`) was lost or changed, a
header is missing, the method was changed, or an http request went to an https port.
""",
    shows="""\
`400` with an Engine.IO code: 0 unknown transport, 2 bad handshake method, 3 bad request, 4 forbidden, 5 unsupported
protocol version; or a 400 of the proxy itself.
""",
    remedy="""\
Pass the request on as it is: no rewriting of path or query, HTTP/1.1, GET and POST. Code 5 means a client of
another major version: an old `socket.io-client` 2.x in a cached page, or a server of that age.
""",
    said=(
        "400",
        "Bad handshake method",
        "Transport unknown",
        "Unsupported protocol version",
        "Bad request",
    ),
    source="socket.io-client#1430; Engine.IO's error codes",
    remedies=MappingProxyType(
        {
            "nginx": """\
`proxy_pass http://127.0.0.1:9000;` without a path after the port: with one, nginx rewrites the path. No `rewrite`,
no `set $args`, and `proxy_http_version 1.1` with the Upgrade and Connection headers.
""",
            "traefik": """\
Remove middlewares that change path or query (`stripPrefix`, `replacePath`, `redirectRegex`) from the router of
`/socket.io`.
""",
        }
    ),
)
