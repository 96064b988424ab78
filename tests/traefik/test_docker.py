"""Our reading of containers against the real Traefik's docker provider, on a real Docker host."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from raven_realtime.docker_host import read_containers, read_services
from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.api import read_api
from raven_realtime.proxies.traefik.containers import DOCKER, SWARM, ProviderSettings, contribution
from raven_realtime.proxies.traefik.static import static_arguments
from raven_realtime.proxies.traefik.table import Table, assemble
from tests.dockerd import Dockerd, throwaway_dockerd
from tests.traefik.running import traefik

SEED = {
    "traefik.enable": "true",
    "traefik.http.routers.frappe-socketio.rule": "Host(`v2.sysmayal.cloud`) && PathPrefix(`/socket.io`)",
    "traefik.http.routers.frappe-socketio.entrypoints": "e0",
    "traefik.http.services.frappe-socketio.loadbalancer.server.port": "80",
}
CONTAINERS: dict[str, tuple[dict[str, str], list[str]]] = {
    "seed": (SEED, []),
    "seed-twin": (SEED, []),
    "nothing-said": ({}, []),
    "compose": ({"com.docker.compose.project": "p", "com.docker.compose.service": "chat.app"}, []),
    "off": ({"traefik.enable": "false"}, []),
    "odd-enable": ({"traefik.enable": "yes"}, []),
    "odd-priority": ({"traefik.http.routers.odd.priority": "high"}, []),
    "unknown-field": ({"traefik.http.routers.unknown.rules": "Path(`/`)"}, []),
    "bare-router": ({"traefik.http.routers.bare": "x"}, []),
    "key-case": ({"traefik.HTTP.Routers.Cased.RULE": "Path(`/cased`)", "traefik.http.routers.cased.priority": "7"}, []),
    "wrong-root": ({"Traefik.http.routers.root.rule": "Path(`/root`)"}, []),
    "conflict-one": ({"traefik.http.routers.conflict.rule": "Path(`/one`)"}, []),
    "conflict-two": ({"traefik.http.routers.conflict.rule": "Path(`/two`)"}, []),
    "two-services": (
        {f"traefik.http.services.{name}.loadbalancer.server.port": "80" for name in ("one", "two")}
        | {"traefik.http.routers.unsure.rule": "Path(`/unsure`)", "traefik.http.routers.sure.rule": "Path(`/sure`)",
           "traefik.http.routers.sure.service": "two"},
        [],
    ),
    "unhealthy": ({}, ["--health-cmd=exit 1", "--health-interval=1s", "--health-retries=1"]),
    "starting": ({}, ["--health-cmd=sleep 60", "--health-interval=30s"]),
    "healthy": ({}, ["--health-cmd=true", "--health-interval=1s"]),
    "refused-rule": ({"traefik.http.routers.refused.rule": "Host(`a`"}, []),
    "sticky": ({"traefik.http.services.sticky.loadbalancer.sticky.cookie.name": "lb"}, []),
    "two-networks": ({"traefik.docker.network": "other"}, ["--network=other"]),
    "explicit-url": ({"traefik.http.services.url.loadbalancer.server.url": "http://127.0.0.1:9000"}, []),
    "middlewares": (
        {"traefik.http.middlewares.again.retry.attempts": "3", "traefik.http.routers.again.rule": "Path(`/again`)",
         "traefik.http.routers.again.middlewares": "again@docker"},
        [],
    ),
    "missing-middleware": (
        {"traefik.http.routers.missing.rule": "Path(`/missing`)", "traefik.http.routers.missing.middlewares": "gone"},
        [],
    ),
    "no-network": ({}, ["--network=none"]),
    "tls": ({"traefik.http.routers.tls.rule": "Path(`/tls`)", "traefik.http.routers.tls.tls": "true"}, []),
    "not-tls": ({"traefik.http.routers.not-tls.rule": "Path(`/x`)", "traefik.http.routers.not-tls.tls": "false"}, []),
}  # fmt: skip


SLEEP = ("sleep", "600")


@pytest.fixture(scope="module")
def dockerd() -> Iterator[Dockerd]:
    with throwaway_dockerd("trf") as running:
        yield running
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda name: running.docker("rm", "-fv", name), running.docker("ps", "-aq").split()))


@pytest.fixture(scope="module")
def image(dockerd: Dockerd) -> str:
    return dockerd.load_nginx()


@pytest.fixture(scope="module")
def populated(dockerd: Dockerd, image: str) -> Dockerd:
    dockerd.docker("network", "create", "other")

    def start(name: str) -> None:
        labels, options = CONTAINERS[name]
        flags = [f"--label={key}={value}" for key, value in labels.items()]
        dockerd.docker("run", "-d", f"--name={name}", "--expose=8080", "--expose=80", *flags, *options, image, *SLEEP)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(start, CONTAINERS))
    dockerd.docker("create", "--name=created", image)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        states = dockerd.docker("ps", "--format", "{{.Names}} {{.Status}}").splitlines()
        settled = {line.split()[0]: line for line in states}
        if "(healthy)" in settled["healthy"] and "(unhealthy)" in settled["unhealthy"]:
            return dockerd
        time.sleep(0.3)
    raise RuntimeError(f"health checks did not settle: {states}")


@dataclass(frozen=True)
class Known:
    """What is compared of a router."""

    rule: str
    service: str
    priority: int
    entrypoints: tuple[str, ...]
    tls: bool
    middlewares: tuple[str, ...]
    disabled: bool


def known(table: Table) -> dict[str, Known]:
    return {
        name: Known(
            router.rule,
            router.service,
            router.effective_priority,
            tuple(sorted(table.entrypoints_of(router))),
            router.tls is not None,
            router.middlewares,
            name in table.disabled,
        )
        for name, router in table.routers.items()
        if not name.endswith("@internal")
    }


def servers(table: Table) -> dict[str, set[str]]:
    return {
        name: {server.url for server in service.servers}
        for name, service in table.services.items()
        if not name.endswith("@internal")
    }


def compared(dockerd: Dockerd, folder: Path, provider: str, ours: ProviderSettings) -> tuple[Table, Table]:
    """Return our table and the running Traefik's, once it has read the Docker host."""
    options = (f"--providers.{provider}.endpoint={dockerd.host}", f"--providers.{provider}.exposedbydefault=true")
    with traefik(folder, 2, options=options) as running:
        deadline = time.monotonic() + 30
        theirs = read_api(running.api)
        while time.monotonic() < deadline and not known(theirs):
            time.sleep(0.3)
            theirs = read_api(running.api)
        entrypoints = theirs.entrypoints.values()
        items = read_services(dockerd.host) if ours.swarm else read_containers(dockerd.host)
        return assemble([contribution(items, ours)], entrypoints), theirs


def test_same_table_as_traefik(populated: Dockerd, tmp_path: Path) -> None:
    ours, theirs = compared(populated, tmp_path, "docker", DOCKER)
    assert known(ours) == known(theirs)
    assert servers(ours) == servers(theirs)
    assert len(known(ours)) >= 12
    assert {name: service.sticky for name, service in ours.services.items()} == {
        name: theirs.services[name].sticky for name in ours.services
    }


def test_every_dropped_container_has_a_reason(populated: Dockerd) -> None:
    made = contribution(read_containers(populated.host))
    reasons = {drop.name: drop.why for drop in made.dropped}
    silent = [
        "off",
        "odd-enable",
        "odd-priority",
        "unknown-field",
        "wrong-root",
        "unhealthy",
        "starting",
        "no-network",
        "created",
    ]
    assert set(reasons) == {*silent, "conflict", "unsure"}
    assert all(reasons.values())


def test_swarm(dockerd: Dockerd, image: str, tmp_path: Path) -> None:
    dockerd.docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377")
    try:
        dockerd.docker("network", "create", "--driver=overlay", "edge")
        for name, replicas, labels in [
            ("socketio", 2, SEED),
            ("portless", 1, {"traefik.http.routers.portless.rule": "Path(`/`)"}),
            ("empty", 0, SEED | {"traefik.http.routers.empty.rule": "Path(`/empty`)"}),
        ]:
            flags = [f"--label={key}={value}" for key, value in labels.items()]
            dockerd.docker(
                "service",
                "create",
                "-q",
                "-d",
                f"--name={name}",
                "--network=edge",
                f"--replicas={replicas}",
                "--no-resolve-image",
                *flags,
                image,
                *SLEEP,
            )
        deadline = time.monotonic() + 60
        while "2/2" not in (listed := dockerd.docker("service", "ls")) or "1/1" not in listed:
            assert time.monotonic() < deadline, listed
            time.sleep(0.5)
        ours, theirs = compared(dockerd, tmp_path, "swarm", SWARM)
        assert known(ours) == known(theirs)
        assert known(ours)
    finally:
        dockerd.docker("swarm", "leave", "--force")


def test_static_arguments_name_the_same_entrypoints(tmp_path: Path) -> None:
    options = ("--entrypoints.e1.asdefault=true", "--entrypoints.e1.http.tls.certresolver=le")
    with traefik(tmp_path, 2, options=options) as running:
        theirs = read_api(running.api).entrypoints
        arguments = [f"--entrypoints.{name}.address={one.address}" for name, one in theirs.items()]
        ours = static_arguments([*arguments, *options], Location("test"))
    assert {entrypoint.name: entrypoint for entrypoint in ours.entrypoints} == dict(theirs)


def test_no_docker_host(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"docker ps failed: .*Is the Docker host right"):
        read_containers(f"unix://{tmp_path}/none.sock")
