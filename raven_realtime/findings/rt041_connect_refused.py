"""RT041: CONNECT refused for another reason."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT041",
    title="CONNECT refused for another reason",
    level=Level.ERROR,
    hop="realtime",
    meaning="""\
The realtime process answered CONNECT with an error that is none of Frappe's known ones: a custom middleware,
another program, or an internal error.
""",
    shows="""\
`44/site,{"message":"…"}` in the WebSocket's frames; the page says that realtime is not working.
""",
    remedy="""\
The message is in the evidence; the log of the realtime process has its stack trace (bench:
`logs/node-socketio.error.log`; frappe_docker: `docker compose logs websocket`).
""",
    source="socket.io-protocol, CONNECT_ERROR",
)
