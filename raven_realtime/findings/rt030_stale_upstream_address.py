"""RT030: nginx kept an old address."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT030",
    title="nginx kept an old address",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
nginx resolves an upstream's name when it starts and keeps the address. A container that was started again may have
another one; nginx goes on asking the old.
""",
    shows="""\
502 (or another service's answers) after the Socket.IO container was started again, until nginx is reloaded.
""",
    remedy="""\
Now: reload nginx. For good: name the upstream so that its address does not change (the host's gateway, a fixed IP),
or resolve it at run time.
""",
    said=(
        "502",
        "no live upstreams while connecting to upstream",
    ),
    source="nginx documentation, upstream",
    remedies=MappingProxyType(
        {
            "nginx": """\
`resolver 127.0.0.11 valid=10s;` and `set $socketio http://websocket:9000; proxy_pass $socketio;` resolve at run
time (and lose upstream keepalive). nginx 1.27.3 and later: `server websocket:9000 resolve;` in the upstream with a
`zone`.
""",
            "frappe_docker": """\
`docker compose restart frontend` after the websocket service was created again.
""",
        }
    ),
    explains=("RT002", "RT003"),
)
