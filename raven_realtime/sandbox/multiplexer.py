"""The sandbox's nginx on :8005: one public side for Frappe's web process and Socket.IO."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from raven_realtime.ports import MULTIPLEXER_PORT, SOCKETIO_PORT, WEB_PORT
from raven_realtime.proxies.nginx import fingerprint
from raven_realtime.proxies.nginx.directive import block, say
from raven_realtime.proxies.record import record
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import pieces


@record
class Multiplexer:
    """What the multiplexer's configuration depends on."""

    folder: Path
    """An existing folder of its own, absolute: pid, temporary files and error log go there."""
    site: str
    """The Frappe site of every host that ``hosts`` does not name."""
    hosts: tuple[ServedHost, ...] = ()
    address: str = "127.0.0.1"
    port: int = MULTIPLEXER_PORT
    web: str = f"127.0.0.1:{WEB_PORT}"
    socketio: str = f"127.0.0.1:{SOCKETIO_PORT}"
    timeout: int = 86_400
    """Seconds of silence that a proxied connection survives."""
    body_size: str = "50m"
    capacity: pieces.Capacity = field(default_factory=pieces.Capacity)
    user: str = ""
    """Whom the workers run as, where root starts nginx."""
    trusted_proxies: tuple[str, ...] = ("127.0.0.1", "::1")
    """Whose X-Forwarded-For and -Proto are believed: the tunnel's."""


def render(wanted: Multiplexer) -> str:
    """Return the configuration of the multiplexer.

    Raises:
        Problem: a name or path that cannot stand in an nginx configuration.
    """
    listen = f"{wanted.address}:{wanted.port}"
    site = "$raven_site" if wanted.hosts else wanted.site
    sites = block(
        "map",
        "$host",
        "$raven_site",
        of=(say("default", wanted.site), *(say(served.host, served.site) for served in wanted.hosts)),
    )
    web = block(
        "location",
        "/",
        of=(
            say("proxy_pass", "http://web"),
            *pieces.upgrade_headers(),
            # with the port: web builds links from it
            *pieces.forwarded_headers("$http_host"),
            say("proxy_set_header", "X-Frappe-Site-Name", site),
            say("proxy_read_timeout", "120s"),
        ),
    )
    return fingerprint.stamped(
        pieces.main(
            pieces.process(wanted.folder, str(wanted.folder / "error.log"), wanted.capacity, wanted.user),
            *pieces.http_basics(wanted.folder, wanted.body_size),
            *pieces.trust(wanted.trusted_proxies),
            *pieces.forwarded_maps(),
            *((sites,) if wanted.hosts else ()),
            # gunicorn closes idle connections after 2 s: none are kept
            pieces.upstream("web", wanted.web),
            pieces.upstream("socketio", wanted.socketio, keepalive=128),
            block(
                "server",
                of=(
                    say("listen", listen, "default_server", "reuseport"),
                    say("server_name", "_"),
                    web,
                    *pieces.socketio_locations("http://socketio", site, wanted.timeout),
                ),
            ),
            fingerprint.status_server(listen),
        )
    )
