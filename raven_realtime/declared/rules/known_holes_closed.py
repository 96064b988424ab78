"""No proxy on the path is of a version with published holes."""

from raven_realtime.declared.rule import Rule
from raven_realtime.declared.versions import by_table
from raven_realtime.findings.rt063_version_with_known_holes import ENTRY

RULE = Rule(
    "known-holes-closed",
    "no proxy on the path is of a version with published holes",
    ENTRY,
    by_table(ENTRY),
    advises=True,
)
