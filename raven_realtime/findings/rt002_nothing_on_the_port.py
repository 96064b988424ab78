"""RT002: nothing listens where Socket.IO should."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT002",
    title="Nothing listens where Socket.IO should",
    level=Level.ERROR,
    hop="realtime",
    meaning="""\
The proxy in front was reached, but where it sends `/socket.io/` nothing accepts connections: the Socket.IO process
is not running, or it listens on another port or address than the proxy was told.
""",
    shows="""\
`502 Bad Gateway` (Traefik: also `503 no available server`; Cloudflare: 521) on the handshake; asked at the origin
itself, "connection refused".
""",
    remedy="""\
See whether the process runs and answers where it is:
`curl -i "http://127.0.0.1:9000/socket.io/?EIO=4&transport=polling"`. If it does, the proxy is told another port or
address (RT016, RT018) or kept an old one (RT030). If not, start it, and read its log: it also exits when redis is
away (RT020).
""",
    said=(
        "502",
        "502 Bad Gateway",
        "503",
        "503 no available server",
        "521",
        "connection refused",
        "ECONNREFUSED",
        "connect() failed (111: Connection refused)",
        "Socket.IO heartbeat check failed",
        "System Health Report",
    ),
    source="erpnext#8704, bench#1532",
    remedies=MappingProxyType(
        {
            "bench": """\
`bench start` runs the process in development; in production `sudo supervisorctl status` names it
(`…-node-socketio`) and `sudo supervisorctl restart all` starts it.
`bench --site SITE show-config | grep socketio_port` says its port.
""",
            "frappe_docker": """\
`docker compose ps websocket` and `docker compose logs websocket`; start it with `docker compose up -d websocket`.
The frontend's `SOCKETIO` variable must name it: `websocket:9000`.
""",
            "traefik": """\
Traefik has the route, and no server behind it answers. `docker ps` shows whether the container of the service runs
and is healthy; the label `traefik.http.services.frappe-socketio.loadbalancer.server.port` must be the port that it
listens on.
""",
            "nginx": """\
nginx has the location, and its upstream refuses. Its error log names the address that it tried. Compare that with
`ss -ltnp | grep 9000` on the machine the process runs on; from a container, 127.0.0.1 is the container itself.
""",
            "ngrok": """\
The agent runs and nothing answers on the address it forwards to. Start what should listen there (the multiplexer on
127.0.0.1:8005), and forward to `127.0.0.1`, not to `localhost`, which may mean IPv6 first.
""",
        }
    ),
    aliases=("RT105",),
)
