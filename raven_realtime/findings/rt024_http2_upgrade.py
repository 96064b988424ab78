"""RT024: the upgrade fails over HTTP/2 only."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT024",
    title="The upgrade fails over HTTP/2 only",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
Over HTTP/2 a browser opens WebSockets by extended CONNECT (RFC 8441) where the server says that it can. Some
Traefik versions said so and failed. Probes and curl use HTTP/1.1 for WebSockets and see nothing.
""",
    shows="""\
Polling works and the WebSocket fails in browsers, while `curl --http1.1` and command line probes upgrade.
""",
    remedy="""\
Use a newer Traefik. Until then take HTTP/2 off the entrypoint's TLS options: `alpnProtocols: ["http/1.1"]`.
""",
    said=(
        "HTTP/2",
        "ERR_HTTP2_PROTOCOL_ERROR",
    ),
    source="traefik#11405; RFC 8441",
    remedies=MappingProxyType(
        {
            "traefik": """\
`tls.options.default.alpnProtocols=http/1.1` in the dynamic configuration, or a newer Traefik.
""",
        }
    ),
)
