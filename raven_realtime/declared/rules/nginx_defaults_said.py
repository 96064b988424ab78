"""What nginx changed its defaults of is said."""

from raven_realtime.declared.rule import Rule
from raven_realtime.declared.versions import by_table
from raven_realtime.findings.rt062_nginx_defaults_changed import ENTRY

RULE = Rule(
    "nginx-defaults-said",
    "what nginx changed its defaults of is said in the configuration",
    ENTRY,
    by_table(ENTRY),
    advises=True,
)
