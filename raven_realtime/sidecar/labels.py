"""The sidecar's labels: the seed's to the letter (section 3.2), and the few that an unnoticed update needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from raven_realtime.ports import SIDECAR_PORT
from raven_realtime.settings import Prod, ServedHost

STACK = "raven-realtime.stack"
"""Names the stack that a container belongs to; containers without it are not ours and are left alone."""
ROUTING = "raven-realtime.routing"
"""The hash of the routing labels: containers that differ in it cannot serve side by side."""
GENERATION = "raven-realtime.generation"


def rule(hosts: Sequence[ServedHost]) -> str:
    """Return the router's rule: the seed's for one host, the same for any of several."""
    each = [f"Host(`{served.host}`)" for served in hosts]
    which = each[0] if len(each) == 1 else f"({' || '.join(each)})"
    return f"{which} && PathPrefix(`/socket.io`)"


def routing(settings: Prod) -> dict[str, str]:
    """Return what Traefik reads.

    The `retry` middleware covers the moment between the stop of an old container and Traefik's hearing of it
    (facts, "An image swap nobody notices"). Two containers must define a router alike, or Traefik drops it.
    """
    router = f"traefik.http.routers.{settings.router}"
    retry = f"{settings.router}-retry"
    return {
        "traefik.enable": "true",
        f"{router}.rule": rule(settings.served),
        f"{router}.entrypoints": settings.entrypoint,
        f"{router}.tls.certresolver": settings.cert_resolver,
        f"{router}.middlewares": ",".join([retry, *settings.middlewares]),
        f"traefik.http.middlewares.{retry}.retry.attempts": "3",
        f"traefik.http.middlewares.{retry}.retry.initialinterval": "50ms",
        f"traefik.http.services.{settings.router}.loadbalancer.server.port": str(SIDECAR_PORT),
        **({f"{router}.priority": str(settings.priority)} if settings.priority is not None else {}),
        **({"traefik.docker.network": settings.networks[0]} if settings.networks else {}),
    }


def digest(value: object, length: int = 12) -> str:
    """Return a short hash of anything that JSON can write."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:length]
