"""RT115: the path without its slash is redirected away."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT115",
    title="The path without its slash is redirected away",
    level=Level.NOTE,
    hop="proxy",
    meaning="""\
nginx answers `/socket.io` with a redirect to the address that it knows itself by: the plain scheme and the inner
port. The client library asks `/socket.io/`, so that most clients never notice; a WebSocket or a POST does not survive
it.
""",
    shows="""\
301 to `http://HOST:PORT/socket.io/` on a client with a path of its own.
""",
    remedy="""\
`absolute_redirect off;`, or `location = /socket.io { rewrite ^ /socket.io/ last; }`.
""",
    source="nginx documentation, absolute_redirect",
)
