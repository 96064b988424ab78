"""RT038: no answer in time."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT038",
    title="No answer in time",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
The connection was accepted and no complete answer came within the time limit: a process that hangs, a proxy that
waits for an upstream that drops packets, or one that sends without end.
""",
    shows="""\
The page stays at "connecting"; requests are "pending" in the network tab.
""",
    remedy="""\
Ask at each place inward with the same command; the innermost that hangs is at fault. If all hang, the realtime
process does: its log, its CPU (`top`), and restart it. If a proxy hangs and the origin does not: RT003.
""",
    said=(
        "ERR_TIMED_OUT",
        "pending",
    ),
    source="Engine.IO clients give up after 20 s (socket.io-client, option timeout)",
)
