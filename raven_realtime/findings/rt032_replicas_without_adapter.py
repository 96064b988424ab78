"""RT032: client events reach some users only."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT032",
    title="Client events reach some users only",
    level=Level.ERROR,
    hop="realtime",
    meaning="""\
Several realtime processes run without an adapter. Events that Frappe publishes reach all of them through redis;
those that a client sends to others (typing, viewers of a document) reach only the clients of the same process.
""",
    shows="""\
Messages arrive for all; "is typing" and the list of viewers work for some pairs of users and not for others.
""",
    remedy="""\
Run one process, or @socket.io/redis-adapter together with `.local` in the subscriber (RT031).
""",
    source="Socket.IO documentation, Using multiple nodes",
)
