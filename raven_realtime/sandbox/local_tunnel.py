"""The tunnel that needs no account: nginx as the TLS public side on loopback, saying what ngrok's edge says."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path

from raven_realtime.ports import MULTIPLEXER_PORT, PUBLIC_TLS_PORT
from raven_realtime.proxies.nginx import fingerprint
from raven_realtime.proxies.nginx.directive import Directive, block, say
from raven_realtime.proxies.record import record
from raven_realtime.sidecar import pieces


@record
class Endpoint:
    """One public port and what it leads to."""

    port: int = PUBLIC_TLS_PORT
    upstream: str = f"127.0.0.1:{MULTIPLEXER_PORT}"
    host: str | None = None
    """The Host header to send instead of the browser's (ngrok's ``host-header``)."""


@record
class LocalTunnel:
    """What the local tunnel's configuration depends on."""

    folder: Path
    """An existing folder of its own, absolute: pid, temporary files and error log go there."""
    certificate: Path
    key: Path
    endpoints: tuple[Endpoint, ...] = (Endpoint(),)
    address: str = "127.0.0.1"
    capacity: pieces.Capacity = field(default_factory=pieces.Capacity)
    user: str = ""
    """Whom the workers run as, where root starts nginx."""


def render(wanted: LocalTunnel) -> str:
    """Return the configuration of the local tunnel.

    Raises:
        Problem: a name or path that cannot stand in an nginx configuration.
    """
    tls = (
        say("ssl_certificate", wanted.certificate),
        say("ssl_certificate_key", wanted.key),
        say("ssl_protocols", "TLSv1.2", "TLSv1.3"),
        say("ssl_session_cache", "shared:tls:10m"),
    )
    servers = tuple(part for endpoint in wanted.endpoints for part in _endpoint(endpoint, wanted.address))
    return fingerprint.stamped(
        pieces.main(
            pieces.process(wanted.folder, str(wanted.folder / "error.log"), wanted.capacity, wanted.user),
            *pieces.http_basics(wanted.folder, "0"),
            *tls,
            pieces.connection_map(),
            *servers,
        )
    )


def _endpoint(endpoint: Endpoint, address: str) -> tuple[Directive, ...]:
    """Return the upstream, the server and the status server of one public port."""
    listen = f"{address}:{endpoint.port}"
    name = f"behind_{endpoint.port}"
    server = block(
        "server",
        of=(
            say("listen", listen, "ssl", "default_server", "reuseport"),
            say("server_name", "_"),
            block(
                "location",
                "/",
                of=(
                    say("proxy_pass", f"http://{name}"),
                    *pieces.upgrade_headers(),
                    say("proxy_set_header", "Host", endpoint.host or "$http_host"),
                    # the edge says who asked and how; what the client claims does not pass
                    say("proxy_set_header", "X-Forwarded-For", "$remote_addr"),
                    say("proxy_set_header", "X-Forwarded-Host", "$http_host"),
                    say("proxy_set_header", "X-Forwarded-Proto", "https"),
                    say("proxy_request_buffering", "off"),
                    *pieces.long_lived(86_400),
                ),
            ),
        ),
    )
    return (
        pieces.upstream(name, endpoint.upstream, keepalive=128),
        server,
        fingerprint.status_server(listen, "ssl"),
    )
