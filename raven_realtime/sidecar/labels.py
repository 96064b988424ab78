"""The sidecar's labels: those of docs/guidelines.md, and the few that an unnoticed update needs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from raven_realtime.ports import SIDECAR_PORT
from raven_realtime.settings import Prod, ServedHost
from raven_realtime.versions import Trait, faults

STACK = "raven-realtime.stack"
"""Names the stack that a container belongs to; containers without it are not ours and are left alone."""
ROUTING = "raven-realtime.routing"
"""The hash of the routing labels: containers that differ in it cannot serve side by side."""
GENERATION = "raven-realtime.generation"
BRIDGE = "raven-realtime.bridge"
"""Marks a container that carries the old route while two generations change places; its value is the old one's."""


def rule(hosts: Sequence[ServedHost]) -> str:
    """Return the router's rule, for one host or for any of several."""
    each = [f"Host(`{served.host}`)" for served in hosts]
    which = each[0] if len(each) == 1 else f"({' || '.join(each)})"
    return f"{which} && PathPrefix(`/socket.io`)"


def retries(settings: Prod) -> bool:
    """Tell whether the router gets a retry middleware: not where the Traefik that is named makes a fault of it."""
    told = {"traefik": settings.traefik_version or ""}
    return not any(fault.takes is Trait.RETRY for fault, _ in faults(told, having=(Trait.RETRY,)))


def routing(settings: Prod) -> dict[str, str]:
    """Return what Traefik reads.

    The `retry` middleware covers what is in flight while containers change places, and is left out for a Traefik that
    makes a fault of it (docs/adr/0005, 0010). Two containers must define a router alike, or Traefik drops it.
    """
    router = f"traefik.http.routers.{settings.router}"
    retry = f"{settings.router}-retry"
    again = [retry] if retries(settings) else []
    through = [*again, *settings.middlewares]
    return {
        "traefik.enable": "true",
        f"{router}.rule": rule(settings.served),
        f"{router}.entrypoints": settings.entrypoint,
        f"{router}.tls.certresolver": settings.cert_resolver,
        **({f"{router}.middlewares": ",".join(through)} if through else {}),
        **{f"traefik.http.middlewares.{each}.retry.attempts": "3" for each in again},
        **{f"traefik.http.middlewares.{each}.retry.initialinterval": "50ms" for each in again},
        f"traefik.http.services.{settings.router}.loadbalancer.server.port": str(SIDECAR_PORT),
        **({f"{router}.priority": str(settings.priority)} if settings.priority is not None else {}),
        **({"traefik.docker.network": settings.networks[0]} if settings.networks else {}),
    }


def digest(value: object, length: int = 12) -> str:
    """Return a short hash of anything that JSON can write."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:length]
