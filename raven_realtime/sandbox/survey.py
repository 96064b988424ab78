"""Look at the machine before anything is declared: what is there, what is free, what has to be brought back.

Read-only, so a preview may do it. Everything that the user has to mend first is said here, and nothing was created.
"""

from __future__ import annotations

import os
from pathlib import Path

from raven_realtime.ports import NGROK_API_PORT, PUBLIC_TLS_PORT, SOCKET_TUNNEL_PORT, SOCKETIO_PORT, WEB_PORT
from raven_realtime.proxies.record import record
from raven_realtime.sandbox import bench, incarnation, preflight
from raven_realtime.sandbox.places import Places
from raven_realtime.settings import Sandbox

UNSEEN = "RAVEN_REALTIME_UNSEEN"
"""Set in the environment where what is planned is for another machine than this one, as a pull request's preview is."""
DEMO_SITE = "raven.localhost"
DEMO_BENCH_COMMAND = Path("demo") / "bench"


@record
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


def is_unseen() -> bool:
    """Tell whether the sandbox's machine is another than this one."""
    return bool(os.environ.get(UNSEEN))


def presume(settings: Sandbox, places: Places) -> Found:
    """Return what is found on a machine on which everything is as it has to be, without a look at this one.

    Raises:
        Problem: what no machine makes up for: ngrok without an account.
    """
    preflight.require_authtoken(settings)
    demo = settings.bench == "demo"
    site = settings.site or DEMO_SITE
    return Found(
        1,
        preflight.bench_path(settings, places),
        str(DEMO_BENCH_COMMAND.absolute()) if demo else "bench",
        site,
        WEB_PORT,
        (settings.public_port or PUBLIC_TLS_PORT) if settings.tunnel == "local" else 0,
        _demo_credentials(places, site) if demo else None,
    )


def _demo_credentials(places: Places, site: str) -> str:
    return str(places.demo_bench / "sites" / site / "credentials.env")


def look(settings: Sandbox, places: Places) -> Found:
    """Survey the machine for these settings.

    Raises:
        Problem: a program is missing, a port is taken, the bench is not as it has to be.
    """
    preflight.require_authtoken(settings)
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
        command = str(DEMO_BENCH_COMMAND.absolute())
        credentials = _demo_credentials(places, site)
        return Found(life, places.demo_bench, command, site, WEB_PORT, public_port, credentials)
    found = bench.read(preflight.bench_path(settings, places), settings.site)
    if not settings.align_ports:
        bench.require_port_9000(found)
        preflight.require_origin(found)
    return Found(life, found.path, found.command, found.default_site, found.web_port, public_port, None)
