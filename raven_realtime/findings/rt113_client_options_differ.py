"""RT113: the client's options differ from what the proxies serve."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT113",
    title="The client's options differ from what the proxies serve",
    level=Level.WARNING,
    hop="browser",
    meaning="""\
The frontend opens its socket with another path than `/socket.io/`, or without credentials, so that the session cookie
stays behind when the hosts differ.
""",
    shows="""\
404 on another path, or a connection that Frappe takes for a guest's.
""",
    remedy="""\
`io(window.location.origin, { path: '/socket.io/', transports: ['websocket', 'polling'], withCredentials: true })`.
""",
    source="docs/guidelines.md, The browser",
)
