"""RT064: nginx is too old for what it is given."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT064",
    title="nginx is too old for what it is given",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
The configuration, or the command line, says something that this version of nginx does not know yet: `resolve` at a
server of an upstream (1.27.3), `sticky` (1.29.6), the option `-e` (1.19.5). It does not start, and an update that
brings such a configuration to a running one leaves the old one in force.
""",
    shows="""\
`nginx: [emerg] invalid parameter "resolve"`, `unknown directive "sticky"` or `invalid option: "e"` in its log; the
container restarts without end, and what is in front answers 502 or 404.
""",
    remedy="""\
A newer image of nginx; or what the older one knows: the evidence says which.
""",
    source="nginx, ngx_http_upstream_module and command-line parameters",
    said=('invalid parameter "resolve"', 'unknown directive "sticky"', 'invalid option: "e"'),
)
