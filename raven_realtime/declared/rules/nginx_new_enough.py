"""nginx is new enough for what it is given."""

from raven_realtime.declared.rule import Rule
from raven_realtime.declared.versions import by_table
from raven_realtime.findings.rt064_nginx_too_old import ENTRY

RULE = Rule("nginx-new-enough", "nginx knows all that its configuration says", ENTRY, by_table(ENTRY))
