"""Socket.IO elsewhere than on the bridge's address: in a container of its own (the host's gateway: test_remote.py)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.server import Server
from tests.stacks.checkout import Checkout
from tests.stacks.prod.production import (
    HANDSHAKE,
    SECOND_HOST,
    SECOND_SITE,
    Production,
    get,
    handshake,
    remove_containers,
    stack_on,
    within,
)

NETWORK, SUBNET = "frappe_network", "192.168.245.0/24"
FIRST, SECOND = "192.168.245.11", "192.168.245.12"
"""Where the container that frappe_docker calls ``websocket`` is, before and after it was recreated."""
FOLLOWS = 5.0
"""Seconds in which the sidecar reaches it at its new address."""
WEBSOCKET = """
events {}
http {
    map $http_upgrade $way { default upgrade; "" ""; }
    server {
        listen 9000;
        location / {
            proxy_pass http://172.17.0.1:9000;
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $way;
        }
    }
}
"""
"""Stands for Socket.IO in a container of its own: the demo's runs on the host."""
MIDDLEWARE = (
    "traefik.enable=true",
    "traefik.http.middlewares.seen.headers.customresponseheaders.X-Seen=by the middleware",
    "traefik.http.services.seen.loadbalancer.server.port=80",  # without a port Traefik ignores all of a container
)


def run_websocket(server: Server, address: str) -> str:
    """Run the container ``websocket`` in the place of the one before it; return the address it really has."""
    remove_containers(server, "websocket")
    start = 'printf %s "$0" > /tmp/nginx.conf && exec nginx -c /tmp/nginx.conf -g "daemon off;"'
    where = ("--network", NETWORK, "--ip", address)
    server.docker(
        "run", "--detach", "--name", "websocket", *where, "--entrypoint", "sh", server.image, "-c", start, WEBSOCKET
    )
    return server.docker("inspect", "--format", f"{{{{.NetworkSettings.Networks.{NETWORK}.IPAddress}}}}", "websocket")


@pytest.fixture(scope="module")
def networked(server: Server, copy: Checkout) -> Iterator[Production]:
    """A stack for Socket.IO in a container on a network, with a middleware that another container's labels define."""
    server.docker("network", "create", "--subnet", SUBNET, NETWORK)
    made = stack_on(
        server,
        copy,
        "upstreams",
        hosts=[f"{SECOND_HOST}={SECOND_SITE}"],
        router="upstreams",
        networks=[NETWORK],
        upstream="websocket:9000",
        middlewares=["seen@docker"],
    )
    try:
        assert run_websocket(server, FIRST) == FIRST
        marks = [word for label in MIDDLEWARE for word in ("--label", label)]
        server.docker("run", "--detach", "--name", "seen", *marks, "--entrypoint", "sleep", server.image, "infinity")
        made.up()
        yield made
    finally:
        made.stack.destroy()
        remove_containers(server, "websocket", "seen")
        server.docker("network", "rm", NETWORK)


def test_it_is_on_the_network_under_its_name_and_traefik_is_told_which(networked: Production) -> None:
    networks = networked.inspect(".NetworkSettings.Networks")
    assert set(networks) == {NETWORK}
    assert "frappe-socketio" in networks[NETWORK]["Aliases"]
    assert networked.inspect(".Config.Labels")["traefik.docker.network"] == NETWORK


def test_every_check_passed_and_none_asks_the_host(networked: Production) -> None:
    checks = networked.stack.outputs()["checks"]
    assert set(checks) == {"sidecar", "public", "certificate", "upgrade", "connect", "event"}
    assert checks.pop("event").startswith("? event"), "without a service account it is not checked, and says so"
    assert all(line.startswith("✓") for line in checks.values()), checks


def test_the_middleware_is_in_force(networked: Production) -> None:
    status, answer = get(networked.server, f"https://{SECOND_HOST}{HANDSHAKE}", "--include")
    assert status == 200
    assert "x-seen: by the middleware" in answer.lower()


def test_socketio_that_comes_back_under_another_address_is_found(networked: Production) -> None:
    sidecar = networked.container()
    assert handshake(networked.server, SECOND_HOST) == "open"
    assert run_websocket(networked.server, SECOND) == SECOND
    # one that came within the second for which nginx remembers the old address may wait for it: others need not
    ask = ("--max-time", "1")
    within(FOLLOWS, lambda: get(networked.server, f"https://{SECOND_HOST}{HANDSHAKE}", *ask)[0] == 200)
    assert handshake(networked.server, SECOND_HOST) == "open"
    assert networked.containers(running=False) == [sidecar]
