"""The sidecar's health check asks nginx, not Socket.IO."""

import re
from collections.abc import Iterator

from raven_realtime.declared.rule import Parameter, Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt106_health_check_asks_socketio import ENTRY
from raven_realtime.ports import SOCKETIO_PORT


def judge(world: World, parameters: Parameters) -> Iterator[Finding]:
    """Report health checks of nginx that name Socket.IO's port or path."""
    asked = re.compile(rf":{parameters['port']}\b|/socket\.io")
    for container in world.containers:
        proxies = container.is_nginx or bool(world.nginx_in(container.name))
        if proxies and container.healthcheck and asked.search(container.healthcheck.value):
            yield ENTRY.found(
                f"{container.name}: the health check is `{container.healthcheck.value[:120]}`",
                container.healthcheck.location,
            )


RULE = Rule(
    "health-check",
    "the sidecar's health check asks nginx, not Socket.IO",
    ENTRY,
    judge,
    {"port": Parameter(SOCKETIO_PORT, "The port of the Socket.IO process")},
    alone=True,
)
