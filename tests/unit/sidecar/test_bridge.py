"""The bridging container: the old route under another name, first; past it the path by which a sidecar names itself."""

from __future__ import annotations

from itertools import pairwise

import pytest

from raven_realtime.settings import load_prod
from raven_realtime.sidecar import labels
from raven_realtime.sidecar.bridge import arguments, routing
from raven_realtime.sidecar.nginx import WHO
from raven_realtime.sidecar.way import BRIDGE_HEADER

PROD = {"hosts": ["chat.example.com"], "image": f"nginx@sha256:{'0' * 64}"}
NETWORK = "traefik.docker.network"


def of(**changes: object) -> tuple[dict[str, str], dict[str, str]]:
    """Return the labels of a sidecar, and those of its bridge."""
    own = labels.routing(load_prod(PROD | changes, where="a test"))
    return own, routing(own)


def test_no_name_is_defined_twice() -> None:
    own, bridge = of(networks=["front"], middlewares=["compress@file", "seen@docker"])
    assert set(own) & set(bridge) == {"traefik.enable", NETWORK}
    assert bridge["traefik.http.routers.frappe-socketio-bridge.middlewares"] == (
        "frappe-socketio-bridge-header,frappe-socketio-retry-bridge,compress@file,seen@docker"
    )
    header = f"traefik.http.middlewares.frappe-socketio-bridge-header.headers.customresponseheaders.{BRIDGE_HEADER}"
    assert bridge[header] == "yes"
    assert bridge["traefik.http.middlewares.frappe-socketio-retry-bridge.retry.attempts"] == "3"
    assert bridge["traefik.http.services.frappe-socketio-bridge.loadbalancer.server.port"] == "80"


@pytest.mark.parametrize(
    ("priority", "first"), [(None, None), (77, "78"), (2_147_483_647, "2147483647")], ids=["by length", "77", "highest"]
)
def test_it_goes_first(priority: int | None, first: str | None) -> None:
    own, bridge = of(**({"priority": priority} if priority else {}))
    rule = bridge["traefik.http.routers.frappe-socketio-bridge.rule"]
    assert rule == f"({own['traefik.http.routers.frappe-socketio.rule']}) && !Path(`{WHO}`)"
    assert bridge.get("traefik.http.routers.frappe-socketio-bridge.priority") == first


def test_it_runs_as_the_one_that_serves() -> None:
    inspected = {
        "Image": "sha256:1",
        "Config": {
            "User": "101:101",
            "Entrypoint": ["nginx"],
            "Cmd": ["-e", "stderr"],
            "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 1_000_000_000, "Retries": 4},
        },
        "HostConfig": {
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "Binds": ["config:/etc/frappe-socketio:ro"],
            "Ulimits": [{"Name": "nofile", "Soft": 10, "Hard": 10}],
        },
        "NetworkSettings": {"Networks": {"bridge": {}}},
    }
    words = arguments(inspected, "frappe-socketio-bridge-1", {"a": "b"})
    assert words[:4] == ["--name", "frappe-socketio-bridge-1", "--label", "a=b"]
    assert words[-3:] == ["sha256:1", "-e", "stderr"]
    for given in (
        ("--volume", "config:/etc/frappe-socketio:ro"),
        ("--ulimit", "nofile=10:10"),
        ("--health-interval", "1000000000ns"),
    ):
        assert given in set(pairwise(words))
    assert "--read-only" in words
    assert "--network" not in words
