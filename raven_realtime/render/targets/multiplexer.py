"""nginx.conf of the sandbox's multiplexer: web and Socket.IO of a bench at one port."""

from __future__ import annotations

from pathlib import Path

from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.render.target import Target
from raven_realtime.render.wanted import Wanted
from raven_realtime.sandbox import multiplexer
from raven_realtime.sidecar.pieces import Capacity


def render(wanted: Wanted) -> str:
    """Return the multiplexer's nginx.conf; the first host's site is the default."""
    return multiplexer.render(
        multiplexer.Multiplexer(
            Path(wanted.folder),
            wanted.hosts[0].site,
            wanted.hosts,
            web=wanted.web,
            socketio=wanted.upstream,
            capacity=Capacity(wanted.settings.capacity),
        )
    )


TARGET = Target(
    title="nginx.conf for one nginx on loopback before a bench's web and Socket.IO, for a tunnel to lead to",
    goes="Any file: `nginx -c FILE` runs it in the foreground; the first host's site is the default.",
    proved="nginx, behind TLS",
    render=render,
    takes=("upstream", "web", "capacity", "folder"),
    defaults={"upstream": f"127.0.0.1:{SOCKETIO_PORT}", "web": f"127.0.0.1:{WEB_PORT}"},
)
