"""Production's nginx sidecar ``frappe-socketio`` between Traefik and Socket.IO (docs/guidelines.md, "Production")."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from raven_realtime.ports import SIDECAR_PORT, SOCKETIO_PORT
from raven_realtime.problem import Problem
from raven_realtime.proxies.nginx import fingerprint
from raven_realtime.proxies.nginx.directive import Directive, block, say
from raven_realtime.proxies.record import record
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import pieces

WORKERS = 1
"""Workers, whatever the machine has: the limits of memory and processes count them before the machine is known.

`auto` is a worker a core, and each reload with live sockets leaves as many draining: 16 cores passed the limits at
the third reload. Frappe's Socket.IO is one process, and one worker forwards twice what that can answer (40 µs of CPU a
handshake against 100); a second one only takes turns with it on the same cores."""
WHO = "/socket.io/.sidecar"
"""Where a sidecar names itself, by its container's hostname: so it shows, through Traefik, which of them answers."""
PRIVATE_NETWORKS = ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "::1/128")
"""Where Traefik asks from on a Docker network, whichever one it is."""


@record
class Sidecar:
    """What the sidecar's configuration depends on."""

    hosts: tuple[ServedHost, ...]
    """Public hosts and their sites. A request for any other host is refused with 421."""
    upstream: str = f"172.17.0.1:{SOCKETIO_PORT}"
    """Socket.IO, as address:port, or name:port."""
    resolver: str | None = None
    """The DNS server that is asked again for the upstream's name (Docker's: 127.0.0.11).

    Without it, nginx asks once, when it starts, and keeps the address (symptom 30). With it, connections to
    Socket.IO are not reused: nginx 1.22 cannot do both."""
    port: int = SIDECAR_PORT
    folder: Path = Path("/tmp")  # noqa: S108 (the container's only writable place, a tmpfs of its own)
    timeout: int = 86_400
    body_size: str = "50m"
    capacity: pieces.Capacity = field(default_factory=pieces.Capacity)
    trusted_proxies: tuple[str, ...] = PRIVATE_NETWORKS
    """Whose X-Forwarded-For and -Proto are believed: Traefik's."""


def render(wanted: Sidecar) -> str:
    """Return the configuration of the sidecar.

    Raises:
        Problem: no host, or a name that cannot stand in an nginx configuration.
    """
    if not wanted.hosts:
        raise Problem("The sidecar needs at least one public host to serve. Example: chat.example.com.")
    sites = block(
        "map",
        "$host",
        "$raven_site",
        of=(say("default", ""), *(say(served.host, served.site) for served in wanted.hosts)),
    )
    if wanted.resolver is None:
        way = pieces.upstream("socketio", wanted.upstream, keepalive=128)
        target, named = "http://socketio", tuple[Directive, ...]()
    else:
        way = say("resolver", wanted.resolver, "valid=1s", "ipv6=off")
        target, named = "http://$raven_upstream", (say("set", "$raven_upstream", wanted.upstream),)
    listen = str(wanted.port)
    return fingerprint.stamped(
        pieces.main(
            pieces.process(wanted.folder, "stderr", wanted.capacity, workers=WORKERS),
            *pieces.http_basics(wanted.folder, wanted.body_size),
            *pieces.trust(wanted.trusted_proxies),
            *pieces.forwarded_maps(),
            sites,
            way,
            block(
                "server",
                of=(
                    say("listen", listen, "default_server", "reuseport"),
                    say("server_name", "_"),
                    say("default_type", "text/plain"),
                    say("return", 421, "frappe-socketio does not serve this host"),
                ),
            ),
            block(
                "server",
                of=(
                    say("listen", listen),
                    say("server_name", *(served.host for served in wanted.hosts)),
                    *named,
                    *pieces.socketio_locations(target, "$raven_site", wanted.timeout),
                    block(
                        "location", "=", WHO, of=(say("default_type", "text/plain"), say("return", 200, "$hostname"))
                    ),
                    block(
                        "location",
                        "/",
                        of=(
                            say("default_type", "text/plain"),
                            say("return", 404, "frappe-socketio serves /socket.io/ only"),
                        ),
                    ),
                ),
            ),
            fingerprint.status_server(listen),
        )
    )
