"""RT061: this Docker is too new for this Traefik."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT061",
    title="This Docker is too new for this Traefik",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
Docker 29 answers its API from version 1.44 on only. Traefik before 3.6.1, and before 2.11.31, asks for an older one,
is refused, and loads none of the routers that containers' labels define.
""",
    shows="""\
`404 page not found` for every host that labels route; in Traefik's log `client version 1.24 is too old`.
""",
    remedy="""\
Traefik 3.6.1 (2.11.31) or later. Until then `DOCKER_MIN_API_VERSION=1.24` in the Docker daemon's environment.
""",
    source="traefik#12253",
    explains=("RT001", "RT005"),
)
