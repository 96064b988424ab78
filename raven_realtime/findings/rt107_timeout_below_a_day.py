"""RT107: Silent connections are closed within a day."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT107",
    title="Silent connections are closed within a day",
    level=Level.NOTE,
    hop="proxy",
    meaning="""\
The timeouts in force for `/socket.io/` are longer than Engine.IO's ping (45 s), so that connections live; but they
are shorter than the seed's 86400 s. Whatever delays a ping beyond them (a sleeping laptop, a busy server) costs the
connection.
""",
    shows="""\
Occasional reconnects; messages of those seconds appear after the reconnect only.
""",
    remedy="""\
`proxy_read_timeout 86400; proxy_send_timeout 86400;` in the location of `/socket.io/`.
""",
    source="seed, section 3.2",
)
