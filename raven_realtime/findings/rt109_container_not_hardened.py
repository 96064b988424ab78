"""RT109: the proxy's container has more rights than it needs."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT109",
    title="The proxy's container has more rights than it needs",
    level=Level.NOTE,
    hop="proxy",
    meaning="""\
nginx in front of Socket.IO needs no root, no capabilities, no writable root file system and no new privileges. It
handles requests from everyone, and session cookies: what it does not have cannot be taken from it.
""",
    shows="""\
Nothing, until somebody breaks in.
""",
    remedy="""\
Run it as an unprivileged user, with a read-only root file system (a tmpfs for /tmp), all capabilities dropped,
`no-new-privileges`, a memory limit, and never privileged.
""",
    source="CIS Docker Benchmark, section 5; OWASP Docker Security Cheat Sheet",
)
