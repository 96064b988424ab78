"""RT029: nginx has too few connections."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Given, Level

ENTRY = Entry(
    code="RT029",
    title="nginx has too few connections",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
Each proxied WebSocket takes two of a worker's connections: nginx's default of 1024 holds about 500 users a worker,
the seed's configuration about 1,000 with two workers' worth. What comes after is refused.
""",
    shows="""\
`worker_connections are not enough` in the error log; some users connect and others do not, more of them at busy
hours.
""",
    remedy="""\
Raise it together with the file limit: `worker_rlimit_nofile 65536;` and `events { worker_connections 32768; }`.
Twice the number of users a worker, and some room.
""",
    said=(
        "worker_connections are not enough",
        "768 worker_connections are not enough",
    ),
    source="nginx-proxy#1149; nginx documentation, worker_connections",
    remedies=MappingProxyType(
        {
            "nginx": """\
`worker_processes auto; worker_rlimit_nofile 65536; events { worker_connections 32768; }`, then a reload; in a
container also `ulimits: nofile: 65536`.
""",
            "frappe_docker": """\
Mount a configuration with more `worker_connections` into the frontend, or put the sidecar of this project in front
of `websocket:9000`, which is sized by `raven-realtime:capacity`.
""",
        }
    ),
    explains=("RT002", "RT037", "RT038", "RT023"),
    given=Given.SOCKETIO_ANSWERS,
)
