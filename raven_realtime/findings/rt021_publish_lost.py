"""RT021: published events reach no subscriber."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Given, Level

ENTRY = Entry(
    code="RT021",
    title="Published events reach no subscriber",
    level=Level.ERROR,
    hop="redis",
    meaning="""\
Frappe publishes on redis' channel `events`, and the realtime process does not hear it: they use different redis
servers, or the process lost its subscription, or it serves another namespace. Frappe does not fail when nobody
hears.
""",
    shows="""\
Connected, no error, and no event at all arrives, not even those to everybody.
""",
    remedy="""\
`redis-cli -u URL PUBSUB NUMSUB events` with the URL that the web uses must say at least 1. If it says 0, give web
and realtime the same `redis_socketio`/`redis_queue` and restart the realtime process. In `bench console`,
`after_commit=True` sends nothing until `frappe.db.commit()`.
""",
    source="frappe#21317",
    remedies=MappingProxyType(
        {
            "bench": """\
One `common_site_config.json` serves both: compare its `redis_queue` and `redis_socketio` with the running redis
(`ss -ltnp | grep redis`), then `bench restart`.
""",
            "frappe_docker": """\
`REDIS_QUEUE` (older: `REDIS_SOCKETIO`) must be the same for backend, queue workers and websocket. Run the
configurator again and restart the services.
""",
        }
    ),
    explains=("RT012", "RT045", "RT046"),
    given=Given.PROCESS_IS_TO_KNOW,
)
