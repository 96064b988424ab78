"""RT063: a version with known holes."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT063",
    title="A version with known holes",
    level=Level.NOTE,
    hop="proxy",
    meaning="""\
A program on the path has a version whose security holes are published. Realtime works; whether the configuration uses
what they are in is not looked at.
""",
    shows="""\
Nothing shows, until somebody tries.
""",
    remedy="""\
Take the version that the evidence names. A distribution's package may have the fix without a new number: its
changelog says so.
""",
    source="nginx security advisories",
)
