"""RT110: a secret stands in the open."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT110",
    title="A secret stands in the open",
    level=Level.ERROR,
    hop="web",
    meaning="""\
A password, token or key is written in a label, a variable of a container, a command line or a plain configuration.
All of these can be read by anyone who may list containers or processes, and end up in logs and in the repository.
What Pulumi keeps secret may stand in a container's variable, an upload or standard input, as compose's
`${DB_PASSWORD}` may: it is in no file, and encrypted in the state. In a label or on a command line it is in the open
all the same. Not seen: a secret under a name that does not say so, and one in formats other than nginx's, ngrok's,
JSON and `NAME=value`.
""",
    shows="""\
Nothing, until somebody reads it.
""",
    remedy="""\
Take it out and replace it. Pulumi: `pulumi config set --secret` and the `environment` of a command. Docker: secrets,
or a file of mode 0600. Compose: a variable without a value, such as `${DB_PASSWORD}`.
""",
    source="OWASP Secrets Management Cheat Sheet; design of this project, secrets",
)
