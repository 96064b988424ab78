"""Traefik's labels of production's sidecar: what the stack gives its container."""

from __future__ import annotations

from raven_realtime.render.target import Target
from raven_realtime.render.wanted import Wanted
from raven_realtime.sidecar import labels


def render(wanted: Wanted) -> str:
    """Return the labels as a list that a compose file takes."""
    return "".join(f'- "{label}={value}"\n' for label, value in sorted(labels.routing(wanted.settings).items()))


TARGET = Target(
    title="Traefik's labels for that sidecar, as the stack gives them",
    goes="Below `labels:` of the sidecar's service in a compose file.",
    proved="Traefik, with the sidecar in Docker",
    render=render,
    takes=("networks", "entrypoint", "cert_resolver", "router", "traefik_version"),
)
