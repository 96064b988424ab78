"""RT043: the test event could not be published."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT043",
    title="The test event could not be published",
    level=Level.ERROR,
    hop="web",
    meaning="""\
The command that publishes the test event failed: bench is missing, the site is unknown, or Frappe could not start.
Nothing is said about the path: up to here it is right.
""",
    shows="""\
Only the event check fails, with bench's own message.
""",
    remedy="""\
Run it by hand in the bench's folder:
`bench --site SITE execute frappe.publish_realtime --kwargs "{'event': 'x', 'room': 'website'}"`, and mend what it
says. Where bench is not found, give the doctor its full name, or what has to stand before it:
`--bench-command ~/.local/bin/bench`, `--bench-command "docker compose exec -T backend bench"`.
""",
    source="frappe bench execute",
)
