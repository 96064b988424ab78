"""RT034: the name does not resolve."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT034",
    title="The name does not resolve",
    level=Level.ERROR,
    hop="name",
    meaning="""\
The public name has no address where this was asked: a typing error, a record that is missing or expired, a resolver
that does not answer, or a name that is known only inside another network.
""",
    shows="""\
The browser says that the site cannot be found (`ERR_NAME_NOT_RESOLVED`).
""",
    remedy="""\
`getent hosts HOST`, then ask the zone's own server: `dig HOST A HOST AAAA @SERVER`. Correct the record and wait for
the old one's TTL. To check the path before DNS is there: `--resolve ADDRESS`.
A *temporary* failure, or a silent resolver, is more likely this machine's own: see whether other names resolve here.
""",
    said=(
        "ERR_NAME_NOT_RESOLVED",
        "Could not resolve host",
    ),
    source="RFC 1034; getaddrinfo",
)
