"""What Traefik reads of the sidecar: the seed's labels, and what each setting adds to them."""

from __future__ import annotations

from typing import Any

import pytest

from raven_realtime.settings import load_prod
from raven_realtime.sidecar import labels

IMAGE = f"docker.io/library/nginx@sha256:{'a' * 64}"
ROUTER = "traefik.http.routers.frappe-socketio"
BASE = {
    "traefik.enable": "true",
    f"{ROUTER}.rule": "Host(`chat.example.com`) && PathPrefix(`/socket.io`)",
    f"{ROUTER}.entrypoints": "websecure",
    f"{ROUTER}.tls.certresolver": "myresolver",
    f"{ROUTER}.middlewares": "frappe-socketio-retry",
    "traefik.http.middlewares.frappe-socketio-retry.retry.attempts": "3",
    "traefik.http.middlewares.frappe-socketio-retry.retry.initialinterval": "50ms",
    "traefik.http.services.frappe-socketio.loadbalancer.server.port": "80",
}


def routing(**settings: Any) -> dict[str, str]:
    """Return the routing labels of settings on top of the two that are required."""
    return labels.routing(load_prod({"hosts": ["chat.example.com"], "image": IMAGE, **settings}, where="the test"))


@pytest.mark.parametrize(
    ("settings", "changed"),
    [
        pytest.param({}, {}, id="the seed's"),
        pytest.param({"networks": ["frappe_network"]}, {"traefik.docker.network": "frappe_network"}, id="a network"),
        pytest.param({"networks": ["proxy", "frappe"]}, {"traefik.docker.network": "proxy"}, id="the first of several"),
        pytest.param({"priority": 1000}, {f"{ROUTER}.priority": "1000"}, id="a priority"),
        pytest.param(
            {"middlewares": ["seen@docker"]},
            {f"{ROUTER}.middlewares": "frappe-socketio-retry,seen@docker"},
            id="a middleware after the retry",
        ),
        pytest.param(
            {"middlewares": ["b@file", "a@docker"]},
            {f"{ROUTER}.middlewares": "frappe-socketio-retry,b@file,a@docker"},
            id="middlewares in the order given",
        ),
        pytest.param(
            {"hosts": ["chat.example.com", "erp.example.com=erp.localhost"]},
            {f"{ROUTER}.rule": "(Host(`chat.example.com`) || Host(`erp.example.com`)) && PathPrefix(`/socket.io`)"},
            id="two hosts",
        ),
        pytest.param({"traefikVersion": "3.7.8"}, {}, id="a Traefik whose retry is sound"),
        pytest.param({"entrypoint": "https"}, {f"{ROUTER}.entrypoints": "https"}, id="another entrypoint"),
        pytest.param({"certResolver": "le"}, {f"{ROUTER}.tls.certresolver": "le"}, id="another resolver"),
    ],
)
def test_what_a_setting_changes(settings: dict[str, Any], changed: dict[str, str]) -> None:
    assert routing(**settings) == {**BASE, **changed}


@pytest.mark.parametrize("version", ["3.7.6", "v3.7.7"])
def test_a_traefik_whose_retry_sends_websockets_again_gets_none(version: str) -> None:
    plain = {name: value for name, value in BASE.items() if "retry" not in name + value}
    assert routing(traefikVersion=version) == plain
    one = routing(traefikVersion=version, middlewares=["seen@docker"])
    assert one == {**plain, f"{ROUTER}.middlewares": "seen@docker"}
    assert labels.digest(one) != labels.digest(plain)


def test_another_router_renames_its_service_and_middleware_too() -> None:
    renamed = {
        name.replace("frappe-socketio", "chat"): value.replace("frappe-socketio", "chat")
        for name, value in BASE.items()
    }
    assert routing(router="chat") == renamed


@pytest.mark.parametrize(
    "settings", [{"networks": ["frappe_network"]}, {"priority": 1}, {"middlewares": ["seen@docker"]}], ids=str
)
def test_each_of_them_is_another_routing(settings: dict[str, Any]) -> None:
    assert labels.digest(routing(**settings)) != labels.digest(routing())
