"""Containers that are to serve Socket.IO and do not run: which are the cause of what the outside saw."""

from __future__ import annotations

import asyncio

import pytest

from raven_realtime.live.checks import containers
from raven_realtime.live.inside import Inside
from raven_realtime.live.result import Result
from raven_realtime.live.target import Target
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.containers import Container
from raven_realtime.proxies.traefik.elements import labels_of

HOST = "chat.example.com"


def container(name: str, rule: str = "", status: str = "running", health: str = "", service: str = "") -> Container:
    """Return a container with a router of its own for the rule, or of a compose service."""
    place = Location(f"container {name}")
    router = {f"traefik.http.routers.{name[:15]}.rule": rule, "traefik.enable": "true"} if rule else {}
    compose = {"com.docker.compose.service": service} if service else {}
    labels = labels_of({**router, **compose}, place)
    return Container(name, labels, place, name, status, health, {"bridge": "172.17.0.2"}, ports=(80,))


def sidecar(status: str = "running", health: str = "", generation: str = "a") -> Container:
    rule = f"Host(`{HOST}`) && PathPrefix(`/socket.io`)"
    return container(f"frappe-socketio-{generation}", rule, status, health)


@record
class Host(Inside):
    """A Docker host with these containers."""

    runs: tuple[Container, ...] = ()

    @property
    def containers(self) -> list[Container]:
        return list(self.runs)

    def in_docker(self, *_: str, stdin: str = "") -> str:
        return ""


def asked(outside: tuple[str, ...], *runs: Container) -> Result:
    return asyncio.run(containers.check(Target.parse(f"https://{HOST}"), Host(outside=outside, runs=runs)))


WEB = container("frappe-web", f"Host(`{HOST}`)")
STRANGER = container("wiki", "Host(`wiki.example.com`)", "exited")
WEBSOCKET = container("site-websocket-1", status="restarting", service="websocket")


@pytest.mark.parametrize(
    ("outside", "down", "code", "hop", "said", "remedy"),
    [
        ("RT001", sidecar("exited"), "RT001", "proxy", "is exited", "docker start frappe-socketio-a"),
        ("RT002", sidecar("exited"), "RT002", "proxy", "is exited", "docker start frappe-socketio-a"),
        ("RT004", sidecar("exited"), "RT002", "proxy", "is exited", "docker start frappe-socketio-a"),
        ("RT005", sidecar("created"), "RT001", "proxy", "is created", "docker start frappe-socketio-a"),
        ("RT001", sidecar("paused"), "RT001", "proxy", "is paused", "docker unpause frappe-socketio-a"),
        ("RT001", sidecar("restarting"), "RT001", "proxy", "ends again and again", "docker logs --tail 50"),
        ("RT001", sidecar(health="unhealthy"), "RT001", "proxy", "is unhealthy", "docker inspect -f"),
        ("RT001", sidecar(health="starting"), "RT001", "proxy", "has not passed its health check", "Wait"),
        ("RT002", WEBSOCKET, "RT002", "realtime", "site-websocket-1 ends again and again", "docker logs --tail 50"),
        ("RT002", container("frappe-socketio", status="exited"), "RT002", "proxy", "is exited", "docker start"),
    ],
)
def test_the_container_is_the_cause(  # noqa: PLR0917 (a row of the table)
    outside: str, down: Container, code: str, hop: str, said: str, remedy: str
) -> None:
    (found,) = asked((outside,), WEB, STRANGER, down).findings
    assert (found.code, found.at_fault, found.causes) == (code, hop, (outside,))
    assert f"container {down.name}" in found.evidence
    assert said in found.evidence
    assert remedy in found.todo


@pytest.mark.parametrize(
    ("outside", "runs"),
    [
        ((), (sidecar("exited"),)),
        (("RT008",), (sidecar("exited"),)),
        (("RT001",), (sidecar("exited"), sidecar(generation="b"))),
        (("RT002",), (container("frappe-socketio", status="exited"), container("frappe-socketio-2"))),
        (("RT001",), (WEBSOCKET,)),
    ],
    ids=[
        "nothing is wrong outside",
        "what is wrong is further in",
        "another generation runs",
        "another of that name runs",
        "the request did not come so far",
    ],
)
def test_the_container_is_not_the_cause(outside: tuple[str, ...], runs: tuple[Container, ...]) -> None:
    assert asked(outside, WEB, STRANGER, *runs).findings == ()
