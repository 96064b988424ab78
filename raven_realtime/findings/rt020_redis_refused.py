"""RT020: Socket.IO exits: redis refuses."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT020",
    title="Socket.IO exits: redis refuses",
    level=Level.ERROR,
    hop="redis",
    meaning="""\
The realtime process subscribes to redis when it starts and exits where it cannot connect (or keeps throwing
ECONNREFUSED): wrong host or port in `redis_socketio` or `redis_queue`, or redis is not running. The servers on Python
stay up without it, and answer no CONNECT.
""",
    shows="""\
502 on the handshake; in the process's log `Error: connect ECONNREFUSED 127.0.0.1:6379` (or 12311, 11311).
""",
    remedy="""\
`grep redis sites/common_site_config.json`, and ask that address: `redis-cli -u redis://HOST:PORT ping` must say
PONG from where the realtime process runs. Start redis, correct the address, restart the process.
""",
    said=(
        "connect ECONNREFUSED 127.0.0.1:6379",
        "127.0.0.1:12311",
        "127.0.0.1:11311",
        "502",
        "redis_socketio",
    ),
    source="frappe_docker#1357",
    remedies=MappingProxyType(
        {
            "bench": """\
`bench setup redis && bench setup supervisor`, and in development see that `Procfile` starts redis (`bench start`).
""",
            "frappe_docker": """\
`docker compose up -d redis-queue redis-cache`; `REDIS_QUEUE` (and `REDIS_SOCKETIO` on older versions) of the
configurator must name them; run the configurator again.
""",
        }
    ),
    explains=("RT002", "RT012", "RT021", "RT045", "RT046"),
)
