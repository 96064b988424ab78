"""The sidecar's container as it is asked for: what it may do, what bounds it, and how it is asked about its health.

The names are those of the docker plugin's Container.
"""

from __future__ import annotations

from typing import Any

from raven_realtime.ports import SIDECAR_PORT
from raven_realtime.proxies.nginx.fingerprint import STATUS_HOST
from raven_realtime.settings import Prod
from raven_realtime.sidecar import sizes
from raven_realtime.sidecar.configuration import CONFIG_FOLDER, HOST_GATEWAY, USER, uses_gateway
from raven_realtime.sidecar.containers import GRACE_SECONDS, LEAVING

HEALTH = (
    f"[ ! -e {LEAVING} ] && {{ curl -fsS -o /dev/null -H 'Host: {STATUS_HOST}' http://127.0.0.1:{SIDECAR_PORT}/ "
    f"|| wget -q -O /dev/null --header 'Host: {STATUS_HOST}' http://127.0.0.1:{SIDECAR_PORT}/; }}"
)


def container(settings: Prod) -> dict[str, Any]:
    """Return the container's arguments: hardened, bounded, and asked about its health by asking nginx itself."""
    files = sizes.files(settings.capacity)
    return {
        "entrypoints": ["nginx"],
        "command": ["-e", "stderr", "-c", f"{CONFIG_FOLDER}/nginx.conf"],
        "user": USER,
        "read_only": True,
        "tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777"},  # noqa: S108 (the container's own)
        "capabilities": {"drops": ["ALL"]},
        "security_opts": ["no-new-privileges:true"],
        "sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"},
        "ulimits": [{"name": "nofile", "soft": files, "hard": files}],
        "memory": sizes.memory(settings.capacity),
        "memory_swap": sizes.memory(settings.capacity),
        "restart": "unless-stopped",
        "log_driver": "json-file",
        "log_opts": {"max-size": "10m", "max-file": "3"},
        "stop_signal": "SIGQUIT",
        "stop_timeout": GRACE_SECONDS,
        "destroy_grace_seconds": GRACE_SECONDS,
        "must_run": True,
        "wait": True,
        "wait_timeout": 60,
        # Traefik drops the routes of unhealthy containers: this asks nginx, never :9000, which may be down on its own
        "healthcheck": {
            "tests": ["CMD-SHELL", HEALTH],
            "interval": "1s",
            "timeout": "5s",  # a busy host is not a reason to lose the route
            "retries": 4,
            "start_period": "0s",
        },
        "hosts": [{"host": HOST_GATEWAY, "ip": "host-gateway"}] if uses_gateway(settings.upstream) else None,
        "networks_advanced": [{"name": network, "aliases": ["frappe-socketio"]} for network in settings.networks]
        or None,
    }
