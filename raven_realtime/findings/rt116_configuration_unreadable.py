"""RT116: a configuration cannot be read."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT116",
    title="A configuration cannot be read",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
What a resource or file brings as a configuration is malformed: nginx or Traefik would refuse it at its start, or keep
the old one.
""",
    shows="""\
nginx does not start, or a reload fails; the message is in its log.
""",
    remedy="""\
Correct what the evidence names; it has the line.
""",
    said=(
        "nginx: [emerg]",
        "configuration file test failed",
    ),
    source="nginx and Traefik refuse it likewise",
)
