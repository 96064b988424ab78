"""RT003: the proxy cannot reach Socket.IO in time."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT003",
    title="The proxy cannot reach Socket.IO in time",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
nginx sends `/socket.io/` to an address from which no answer comes: packets are dropped. In a container that is
nearly always the host's firewall, which lets nothing in from Docker's bridge, or a process that listens on
127.0.0.1 only.
""",
    shows="""\
The handshake takes as long as nginx's `proxy_connect_timeout` (60 s) and ends with `504 Gateway Time-out`.
""",
    remedy="""\
From inside the proxy's container: `curl -m 3 -i "http://172.17.0.1:9000/socket.io/?EIO=4&transport=polling"`. If it
hangs, let the bridge in: `ufw allow in on docker0 to any port 9000 proto tcp`. If it is refused, the process
listens on loopback only: `ss -ltn | grep 9000` must show `0.0.0.0:9000` or the bridge's address. Never open 9000 to
the world.
""",
    said=(
        "504",
        "504 Gateway Time-out",
        "upstream timed out (110: Connection timed out)",
    ),
    source="ufw-docker#53",
    remedies=MappingProxyType(
        {
            "nginx": """\
nginx waits for an upstream that never answers. From inside its container:
`curl -m 3 -i "http://172.17.0.1:9000/socket.io/?EIO=4&transport=polling"`. If that hangs, the host's firewall drops
it: `ufw allow in on docker0 to any port 9000 proto tcp` (each bridge network has an interface of its own:
`docker network ls`).
""",
            "frappe_docker": """\
The frontend and websocket containers must share a network: `docker compose config` shows it. Across compose
projects, name an external network in both.
""",
        }
    ),
    explains=("RT038",),
)
