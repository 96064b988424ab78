"""The sidecar's nginx configuration out of the settings of a production stack."""

from __future__ import annotations

import re

from raven_realtime.settings import Prod
from raven_realtime.sidecar import nginx as sidecar
from raven_realtime.sidecar.pieces import Capacity

DOCKER_DNS = "127.0.0.11"
"""The DNS server in every container on a network that the user made (Docker documentation, "Networking overview")."""
HOST_GATEWAY = "host.docker.internal"
CONFIG_FOLDER = "/etc/frappe-socketio"
"""Where a sidecar's container has its configuration."""
USER = "101:101"
"""An unprivileged user; the number of the official image's `nginx`. It needs no entry in /etc/passwd."""


def uses_gateway(upstream: str) -> bool:
    """Tell whether Socket.IO is asked at the host's gateway address."""
    return upstream.startswith("host-gateway:")


def container_address(upstream: str) -> str:
    """Return Socket.IO's address as a container knows it."""
    return upstream.replace("host-gateway:", f"{HOST_GATEWAY}:")


def add_hosts(*, gateway: bool) -> tuple[str, ...]:
    """Return docker run's flag for the host's gateway address, if it is asked."""
    return (f"--add-host={HOST_GATEWAY}:host-gateway",) if gateway else ()


def host_address(upstream: str) -> str:
    """Return where the server itself finds Socket.IO; empty where only a container's network knows the name."""
    name, _, port = upstream.rpartition(":")
    if uses_gateway(upstream):
        return f"localhost:{port}"
    return upstream if name.startswith("[") or re.fullmatch(r"[\d.]+", name) else ""


def render(settings: Prod, *, beside: bool = False) -> str:
    """Return the sidecar's nginx configuration.

    Args:
        settings: what it serves.
        beside: whether the container is on a network that a user made, although the settings name none.

    Raises:
        Problem: no host, or a name that cannot stand in an nginx configuration.
    """
    address = container_address(settings.upstream)
    is_container = (beside or bool(settings.networks)) and not host_address(settings.upstream)
    return sidecar.render(
        sidecar.Sidecar(
            hosts=settings.served,
            upstream=address,
            resolver=DOCKER_DNS if is_container else None,
            timeout=settings.proxy_timeout,
            body_size=settings.client_max_body_size,
            capacity=Capacity(settings.capacity),
        )
    )
