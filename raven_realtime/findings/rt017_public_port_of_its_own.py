"""RT017: the public URL has a port of its own."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT017",
    title="The public URL has a port of its own",
    level=Level.WARNING,
    hop="edge",
    meaning="""\
frappe-react-sdk, which Raven uses, appends its socket port when the page's own URL has a port: the page on
`https://host:8443` asks `https://host:9000`, past the proxy. Frappe's desk is not affected.
""",
    shows="""\
The handshake is right, the desk works, and Raven's page asks another port and fails. No hop is broken, so checks
warn of it and the doctor names it without failing.
""",
    remedy="""\
Serve the page on 443 (or 80 for plain http), where its URL shows no port. The sandbox takes 443 if it is free and
permitted: `sysctl net.ipv4.ip_unprivileged_port_start=443`, or run ngrok, whose URL has no port.
""",
    source="raven#1860",
    remedies=MappingProxyType(
        {
            "ngrok": """\
Use the agent's public https URL, which has no port.
""",
            "traefik": """\
Publish the entrypoint `websecure` on 443.
""",
        }
    ),
)
