"""RT033: connected, and the room never joined."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT033",
    title="Connected, and the room never joined",
    level=Level.ERROR,
    hop="realtime",
    meaning="""\
On `doc_subscribe` the realtime process asks the web whether this user may read the document; only a yes joins the
room. There is no answer to the client: a call that fails, is refused, or takes long leaves the socket connected
outside the room.
""",
    shows="""\
Connected, notifications arrive, and messages of this channel do not; or only some seconds after it was opened.
""",
    remedy="""\
On the machine of the realtime process, and with the user's session:
`curl -i -b "sid=…" "https://HOST/api/method/frappe.realtime.has_permission?doctype=Raven+Channel&name=CHANNEL"`. An
error or redirect: as RT012. A no: the user is no member of the channel. Slow: too few web workers.
""",
    source="frappe realtime handlers (doc_subscribe)",
    remedies=MappingProxyType(
        {
            "bench": """\
More web workers: `bench set-config -g gunicorn_workers N && bench setup supervisor`, then reload; read
`logs/node-socketio.error.log`.
""",
        }
    ),
)
