"""RT037: what answers is no Socket.IO server."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT037",
    title="What answers is no Socket.IO server",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
Something accepted the connection and what it sends is no Engine.IO: another program on the port, an internal error,
or a connection that ends without an answer.
""",
    shows="""\
A status such as 500, or 200 with a body that does not begin with `0{"sid"`.
""",
    remedy="""\
The evidence shows the answer. Ask the same at each place inward (`--at multiplexer`, `--at origin`): the last that
answers wrongly is at fault. On the origin, `ss -ltnp | grep 9000` names the program.
""",
    said=("500",),
    source="engine.io-protocol, Handshake",
)
