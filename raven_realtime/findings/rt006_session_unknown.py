"""RT006: Session ID unknown."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT006",
    title="Session ID unknown",
    level=Level.ERROR,
    hop="edge",
    meaning="""\
A polling session's second request reached a process that does not know it. Several Socket.IO processes stand behind
the path and requests are spread among them, or the one process was restarted in between.
""",
    shows="""\
`400 {"code":1,"message":"Session ID unknown"}` on polling requests with a `sid`; the client connects and
disconnects in turns, and works now and then.
""",
    remedy="""\
Run one Socket.IO process, or make every proxy on the way sticky, and give the processes @socket.io/redis-adapter.
One isolated answer of this kind after a restart is normal: clients open a new session by themselves.
""",
    said=(
        "400",
        "Session ID unknown",
        "xhr poll error",
    ),
    source="helm#229; Engine.IO's error codes",
    remedies=MappingProxyType(
        {
            "traefik": """\
`traefik.http.services.frappe-socketio.loadbalancer.sticky.cookie=true` (and `….cookie.name=rt`, `….secure=true`,
`….httponly=true`) on the service. If nginx behind it has several servers too, it needs `ip_hash` or
`hash $cookie_rt` as well.
""",
            "nginx": """\
`ip_hash;` in the upstream (`hash $arg_sid` will not do: the first request has no sid). Behind another proxy every
client has that proxy's address: set `set_real_ip_from` and `real_ip_header X-Forwarded-For` too.
""",
        }
    ),
)
