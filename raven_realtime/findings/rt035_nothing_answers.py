"""RT035: nothing answers at this place."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT035",
    title="Nothing answers at this place",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
The address was found and does not accept connections on the port: the proxy or tunnel is not running, listens
elsewhere, or a firewall is in between. Everything behind it is out of reach from here.
""",
    shows="""\
"Connection refused" or a time-out; curl prints an error and no status.
""",
    remedy="""\
On the machine: `ss -ltnp` shows what listens; start the proxy or correct its port. A time-out from outside and an
answer on the machine itself is a firewall, or the wrong address in DNS. "Network is unreachable" is the network of
the machine that asks.
""",
    said=(
        "ERR_CONNECTION_REFUSED",
        "ERR_CONNECTION_TIMED_OUT",
        "connection refused",
    ),
    source="RFC 9293, connection refused",
    remedies=MappingProxyType(
        {
            "traefik": """\
`docker ps` shows whether Traefik runs and publishes 443; `docker logs TRAEFIK` why not.
""",
            "nginx": """\
`nginx -t` and `systemctl status nginx`; in the sandbox `pulumi up --stack sandbox` starts it again.
""",
        }
    ),
)
