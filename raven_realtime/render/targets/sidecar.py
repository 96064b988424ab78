"""nginx.conf of production's sidecar: what the stack installs."""

from __future__ import annotations

from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.render.target import Target
from raven_realtime.render.wanted import Wanted
from raven_realtime.sidecar import configuration


def render(wanted: Wanted) -> str:
    """Return the sidecar's nginx.conf."""
    return configuration.render(wanted.settings)


TARGET = Target(
    title="nginx.conf of the sidecar that stands between Traefik and Socket.IO, as the stack installs it",
    goes="`/etc/frappe-socketio/nginx.conf` in the sidecar's container; `compose` has both in one file.",
    proved="nginx, behind Traefik",
    render=render,
    takes=("upstream", "networks", "capacity"),
    defaults={"upstream": f"172.17.0.1:{SOCKETIO_PORT}"},
)
