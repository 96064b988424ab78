"""The sidecar's nginx configuration out of the settings of a production stack."""

from __future__ import annotations

import re

from raven_realtime.settings import Prod
from raven_realtime.sidecar import nginx as sidecar
from raven_realtime.sidecar.pieces import Capacity

DOCKER_DNS = "127.0.0.11"
"""The DNS server in every container on a network that the user made (Docker documentation, "Networking overview")."""
HOST_GATEWAY = "host.docker.internal"


def uses_gateway(settings: Prod) -> bool:
    """Tell whether Socket.IO is asked at the host's gateway address."""
    return settings.upstream.startswith("host-gateway:")


def upstream_address(settings: Prod) -> str:
    """Return Socket.IO's address as a container knows it."""
    return settings.upstream.replace("host-gateway:", f"{HOST_GATEWAY}:")


def render(settings: Prod) -> str:
    """Return the sidecar's nginx configuration.

    Raises:
        Problem: no host, or a name that cannot stand in an nginx configuration.
    """
    address = upstream_address(settings)
    is_container = bool(settings.networks) and not re.fullmatch(r"[\d.]+:\d+", address) and not uses_gateway(settings)
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
