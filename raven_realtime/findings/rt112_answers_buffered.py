"""RT112: nginx buffers Socket.IO's answers."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT112",
    title="nginx buffers Socket.IO's answers",
    level=Level.NOTE,
    hop="proxy",
    meaning="""\
`proxy_buffering` is on where `/socket.io/` is answered: nginx may hold parts of an answer back, and writes large ones
to disk.
""",
    shows="""\
Messages arrive late or in bunches while the client polls.
""",
    remedy="""\
`proxy_buffering off;` in the location of `/socket.io/`. Answers to POSTs may be
buffered, and behind Traefik better are (docs/adr/0011).
""",
    source="docs/guidelines.md, Production",
)
