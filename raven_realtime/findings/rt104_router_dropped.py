"""RT104: Traefik would not use this router."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT104",
    title="Traefik would not use this router",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
Traefik reads this definition and leaves it out: a rule that it cannot parse, a label of the wrong type (which costs
the whole container), a service or middleware that does not exist, or two containers that define the same name
differently.
""",
    shows="""\
404 from Traefik, or another router's service answers; Traefik's log and its API name the router with an error.
""",
    remedy="""\
Correct what the evidence names. The same router on several containers has to be defined by identical labels.
""",
    said=("404",),
    source="Traefik documentation, Docker provider; facts of this project",
)
