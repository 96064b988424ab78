"""RT120: an ignore has no reason, or ignores nothing."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT120",
    title="An ignore has no reason, or ignores nothing",
    level=Level.NOTE,
    hop="proxy",
    meaning="""\
A comment or the project's file leaves a finding out. Without a reason nobody can tell later whether it is still right.
One that ignores nothing is out of date, or has a code or a place that is wrong, and would hide the next fault.
""",
    shows="""\
It does not show to users of the site. The linter says it, so that ignores stay few and true.
""",
    remedy="""\
Write the reason behind two hyphens: `# raven-realtime: ignore RT107 -- behind a tunnel`. Take away an ignore that
ignores nothing.
""",
    source="this project, docs/lint.md",
)
