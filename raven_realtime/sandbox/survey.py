"""Look at the machine before anything is declared: what is there, what is free, what has to be brought back.

Read-only, so a preview may do it. Everything that the user has to mend first is said here, and nothing was created.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from raven_realtime.ports import NGROK_API_PORT, SOCKET_TUNNEL_PORT, SOCKETIO_PORT, WEB_PORT
from raven_realtime.sandbox import bench, incarnation, preflight
from raven_realtime.sandbox.places import Places
from raven_realtime.settings import Sandbox

DEMO_SITE = "raven.localhost"
DEMO_BENCH_COMMAND = Path("demo") / "bench"


@dataclass(frozen=True)
class Found:
    """What the declaration depends on."""

    life: int
    """The incarnation that is wanted (see incarnation.py)."""
    bench: Path
    bench_command: str
    site: str
    web_port: int
    public_port: int
    credentials_file: str | None
    """Where the demo's API key lies; None for an existing bench, whose key comes from the configuration."""


def look(settings: Sandbox, places: Places) -> Found:
    """Survey the machine for these settings.

    Raises:
        Problem: a program is missing, a port is taken, the bench is not as it has to be.
    """
    preflight.require_programs(settings)
    if settings.topology == "multiplexer":
        preflight.require_multiplexer_port(places)
    elif settings.tunnel == "local":
        preflight.require_port(SOCKET_TUNNEL_PORT, places, "the second tunnel")
    public_port = 0
    if settings.tunnel == "local":
        public_port = preflight.choose_public_port(settings, places)
    else:
        preflight.require_port(NGROK_API_PORT, places, "the ngrok agent's API")
    preflight.require_ca_file(settings)
    life = incarnation.expected(places)
    if settings.bench == "demo":
        for port, what in ((WEB_PORT, "the demo's web process"), (SOCKETIO_PORT, "the demo's Socket.IO process")):
            preflight.require_port(port, places, what)
        site = settings.site or DEMO_SITE
        credentials = str(places.demo_bench / "sites" / site / "credentials.env")
        return Found(
            life, places.demo_bench, str(DEMO_BENCH_COMMAND.absolute()), site, WEB_PORT, public_port, credentials
        )
    found = bench.read(preflight.bench_path(settings, places), settings.site)
    if not settings.align_ports:
        bench.require_port_9000(found)
        preflight.require_origin(found)
    return Found(life, found.path, found.command, found.default_site, found.web_port, public_port, None)
