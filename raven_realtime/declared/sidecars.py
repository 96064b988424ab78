"""The containers that are nginx in front of Socket.IO: those that rules on images and rights are about."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared.realtime_routers import realtime_routers, service_of
from raven_realtime.declared.world import Container, World


def sidecars(world: World) -> Iterator[Container]:
    """Yield the containers that run nginx and that a router for Socket.IO leads to, or whose nginx names Socket.IO."""
    led = {
        owner
        for router in realtime_routers(world)
        if (service := service_of(world, router))
        for owner in service.owners
    }
    for container in world.containers:
        configured = world.nginx_in(container.name)
        names = any(nginx.names_socketio for nginx in configured)
        if (container.is_nginx and container.name in led) or names or (configured and container.name in led):
            yield container
