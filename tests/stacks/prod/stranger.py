"""Somebody else's container on the server, whose router claims every host's `/socket.io`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from demo.server import Server
from tests.stacks.prod.production import remove_containers

GREEDY = {
    "traefik.enable": "true",
    "traefik.http.routers.greedy.rule": "HostRegexp(`.+`) && PathPrefix(`/socket.io`)",
    "traefik.http.routers.greedy.entrypoints": "websecure",
    "traefik.http.routers.greedy.tls": "true",
    "traefik.http.services.greedy.loadbalancer.server.port": "80",
}


@contextmanager
def stranger(server: Server, name: str, **changes: str) -> Iterator[None]:
    """Have a stranger's container run on the server."""
    labels = GREEDY | {f"traefik.http.routers.greedy.{key}": value for key, value in changes.items()}
    words = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    server.docker("run", "--detach", "--name", name, *words, server.image, "sleep", "600")
    try:
        yield
    finally:
        remove_containers(server, name)
