"""RT114: a value is not known before the update."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT114",
    title="A value is not known before the update",
    level=Level.NOTE,
    hop="edge",
    meaning="""\
Rules read this property, and its value depends on something that does not exist yet. What it will be was not judged.
""",
    shows="""\
A preview that reports nothing although the update will break the path.
""",
    remedy="""\
Keep hosts, ports, labels and configurations plain values. Where that cannot be, judge after the update: `pulumi stack
export | raven-realtime lint -`.
""",
    source="Pulumi documentation, unknown values at preview",
)
