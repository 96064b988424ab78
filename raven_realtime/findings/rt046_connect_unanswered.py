"""RT046: CONNECT is not answered."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT046",
    title="CONNECT is not answered",
    level=Level.ERROR,
    hop="realtime",
    meaning="""\
The WebSocket is open, so that every proxy on the way does its work, and the realtime process says neither yes nor no
to CONNECT, while the web answers what the process would ask it. The process waits for something else: for redis, where
the newer servers read the web's secret at each connection, or for a callback that is dropped on its way.
""",
    shows="""\
Handshake 200, upgrade 101, then silence; the client tries again after 20 s, without end.
""",
    remedy="""\
On the realtime process's machine: `redis-cli -u URL ping` with its redis_queue must say PONG at once. Then ask what it
asks: `curl -m 5 -i https://HOST/api/method/frappe.realtime.get_user_info`. Its log, and a restart, for the rest.
""",
    source="frappe/realtime/auth.py; socket.io-client, option timeout (20 s)",
    remedies=MappingProxyType(
        {
            "bench": """\
`grep redis_queue sites/common_site_config.json`, and `bench restart` once that redis answers.
""",
        }
    ),
)
