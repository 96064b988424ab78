"""RT045: the realtime process does not know the web's secret."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT045",
    title="The realtime process does not know the web's secret",
    level=Level.ERROR,
    hop="realtime",
    meaning="""\
Since 2026 Frappe's web tells who a user is to the realtime process only: it keeps `socketio_auth_secret` in
redis_queue, the process reads it there and sends it as `X-Frappe-Socket-Secret`, and without it the answer is `{}`.
So both must use one redis, nothing on the way may strip the header, and an older realtime process, which sends none,
cannot work beside a newer web.
""",
    shows="""\
`44/site,{"message":"Unauthorized"}` for everybody, guests included, while the web answers the same session rightly;
the first servers that knew the secret let a client in without a user: connected, and nothing ever arrives.
""",
    remedy="""\
Compare, where each of the two runs: `redis-cli -u URL EXISTS socketio_auth_secret` with the redis_queue of the web and
of the realtime process must say 1, on one and the same redis. If it does, a proxy strips headers that begin with X-
on the way from the realtime process to `/api/`, or the realtime process is older than the web: restart it after
every update.
""",
    source="frappe#36778; frappe/realtime/__init__.py, get_user_info",
    remedies=MappingProxyType(
        {
            "bench": """\
`grep redis_queue sites/common_site_config.json`, then `bench restart`: web and realtime read it when they start.
""",
            "frappe_docker": """\
`REDIS_QUEUE` of the configurator, and one image version for backend and websocket; then start both again.
""",
        }
    ),
    explains=("RT012", "RT033", "RT042", "RT046"),
)
