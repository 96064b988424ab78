"""RT031: events arrive more than once."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT031",
    title="Events arrive more than once",
    level=Level.ERROR,
    hop="realtime",
    meaning="""\
Every Frappe realtime process subscribes to redis' `events`. With @socket.io/redis-adapter between several
processes, each of them emits to the clients of all: one copy a process.
""",
    shows="""\
Messages appear twice or more in the channel until the page is loaded again; counts of unread messages are wrong.
""",
    remedy="""\
Let the subscriber emit to its own clients only (`io.of(ns).local.to(room).emit(…)`), or leave the adapter out, or
run one process.
""",
    said=(
        "messages appear twice",
        "duplicate messages",
    ),
    source="redis-adapter#119; measured with 3 processes: 3 copies",
)
