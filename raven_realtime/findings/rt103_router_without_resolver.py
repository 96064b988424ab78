"""RT103: the router names no certificate resolver."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT103",
    title="The router names no certificate resolver",
    level=Level.WARNING,
    hop="edge",
    meaning="""\
The router takes TLS, and nothing tells Traefik where the certificate comes from: no certificate resolver on the
router or its entrypoint, and no certificate in a file. Traefik then answers with its own self-signed one.
""",
    shows="""\
`net::ERR_CERT_AUTHORITY_INVALID` in the browser, for this path or for the whole host.
""",
    remedy="""\
Name a resolver: label `traefik.http.routers.frappe-socketio.tls.certresolver=myresolver`, or list the certificate
under `tls.certificates` in a dynamic file.
""",
    said=("ERR_CERT_AUTHORITY_INVALID",),
    source="seed, section 3.2; Traefik documentation, HTTPS & TLS",
)
