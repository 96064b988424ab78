"""The doctor on the server itself, with its Docker and its Traefik: each fault's cause is the verdict, and named."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from demo.processes import LOOPBACK, programs
from demo.server import Server
from demo.server.docker import BRIDGE
from demo.server.layout import SERVER
from raven_realtime.ports import SIDECAR_PORT, SOCKETIO_PORT
from raven_realtime.sandbox.supervisor import Program
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar
from tests.sidecar.conftest import SECOND_HOST as HOST
from tests.sidecar.conftest import SECOND_SITE as SITE
from tests.traefik.running import program as traefik_program
from toolchain.golang import TRAEFIK

SIDECAR = "erp-socketio"
NGINX = ("nginx",)
"""What the rendered configuration is run with: it says itself that nginx stays in the foreground."""
UPSTREAM = f"{BRIDGE}:{SOCKETIO_PORT}"
TRAEFIK_IMAGE = f"traefik:v{TRAEFIK.version}"
RULE = f"Host(`{HOST}`) && PathPrefix(`/socket.io`)"
LABELS = {
    "traefik.enable": "true",
    f"traefik.http.routers.{SIDECAR}.rule": RULE,
    f"traefik.http.routers.{SIDECAR}.entrypoints": "websecure",
    f"traefik.http.routers.{SIDECAR}.tls.certresolver": "myresolver",
    f"traefik.http.services.{SIDECAR}.loadbalancer.server.port": str(SIDECAR_PORT),
}
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
INNER, INNER_PORT = "inner.example.com", 8081
Asked = Callable[..., dict[str, Any]]


@contextmanager
def container(
    server: Server, name: str, *options: str, labels: Mapping[str, str], image: str = "", command: tuple[str, ...] = ()
) -> Iterator[None]:
    """Run a container for the time of the block; of the nginx image, if no other is named."""
    given = (word for key, value in labels.items() for word in ("--label", f"{key}={value}"))
    server.docker("run", "--detach", "--name", name, *given, *options, image or server.image, *command)
    try:
        yield
    finally:
        server.docker("rm", "--force", "--volumes", name)


@contextmanager
def changed(server: Server, configuration: Path, old: str, new: str) -> Iterator[None]:
    """Let the sidecar's nginx run with something else in its configuration for the time of the block."""
    healthy = configuration.read_text()
    assert old in healthy, healthy
    try:
        for text in (healthy.replace(old, new), healthy):
            # Written in place: a file that is mounted stays the file that it was.
            configuration.write_text(text)
            server.docker("exec", SIDECAR, "nginx", "-s", "reload")
            if text != healthy:
                yield
    finally:
        configuration.write_text(healthy)


@pytest.fixture(scope="module")
def configuration(server: Server) -> Path:
    """The configuration that the project renders for the second host."""
    file = server.layout.folder / "erp.conf"
    file.write_text(sidecar.render(sidecar.Sidecar((ServedHost(host=HOST, site=SITE),), f"{BRIDGE}:{SOCKETIO_PORT}")))
    return file


@pytest.fixture(scope="module", autouse=True)
def erp(server: Server, configuration: Path) -> Iterator[None]:
    """A sidecar of the second host, healthy."""
    mount = ("--volume", f"{configuration}:/etc/nginx/nginx.conf:ro")
    with container(server, SIDECAR, *mount, labels=LABELS, command=NGINX):
        yield
    # Traefik hears of it a moment later, and the next container may get the same address.
    until(server, "404")


@pytest.fixture
def asked(server: Server) -> Asked:
    """Ask the doctor as somebody on the server does; gives what it says in JSON, its results by check."""

    def ask(*options: str, url: str = f"https://{HOST}") -> dict[str, Any]:
        command = (sys.executable, "-m", "raven_realtime.cli", "doctor", url, "--site", SITE, "-o", "json")
        given = ("--ca", str(server.ca), "--inside", "--bench", str(server.bench.path), *options)
        ran = server.run_inside(*command, *given, check=False)
        assert ran.stdout, ran.stderr
        told = json.loads(ran.stdout)
        told["results"] = {one["hop"]: one for one in told["results"]}
        return dict(told)

    return ask


def until(server: Server, status: str, url: str = f"https://{HOST}{HANDSHAKE}", *options: str) -> None:
    """Wait until the handshake is answered with the status: Traefik hears of containers a moment later."""
    ask = ("curl", "-sk", "--noproxy", "*", "--max-time", "5", "-o", "/dev/null", "-w", "%{http_code}", *options, url)
    deadline = time.monotonic() + 20
    while (said := server.run_inside(*ask, check=False).stdout) != status:
        assert time.monotonic() < deadline, f"{url} is answered with {said}, not {status}"
        time.sleep(0.1)


def verdict(told: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the code, the part at fault, and the check that found just that."""
    found = told["verdict"]
    finder = next(name for name, one in told["results"].items() if found in one["findings"])
    return found["code"], found["hop"], finder


def test_healthy(server: Server, asked: Asked) -> None:
    until(server, "200")
    told = asked("--traefik-api", server.traefik_api)
    results = told["results"]
    assert told["verdict"] is None, told["verdict"]
    # Only credentials would prove the browser's part.
    assert [part for part, state in told["path"].items() if state != "proven"] == ["browser"]
    assert results["containers"]["summary"].endswith(f"{SIDECAR} has a router for /socket.io/ of {HOST}")
    assert results["routers"]["summary"].startswith(f"on websecure {SIDECAR}@docker gets /socket.io/ of {HOST}; 1 of 1")
    assert results["configuration"]["summary"].startswith(f"container {SIDECAR}: /socket.io/ goes to {UPSTREAM}, ")
    assert results["upstream"]["summary"] == f"{UPSTREAM} answers, asked from {SIDECAR}"
    assert results["callback"]["outcome"] == "pass"


def test_a_stopped_sidecar(server: Server, asked: Asked) -> None:
    server.docker("stop", "--time", "1", SIDECAR)
    try:
        until(server, "404")
        told = asked()
    finally:
        server.docker("start", SIDECAR)
    assert verdict(told) == ("RT001", "proxy", "containers")
    assert f"container {SIDECAR}, which is to serve /socket.io/ of {HOST}, is exited" in told["verdict"]["evidence"]
    assert f"docker start {SIDECAR}" in told["verdict"]["remedy"]


def test_two_containers_define_the_router_differently(server: Server, asked: Asked) -> None:
    other = {**LABELS, f"traefik.http.routers.{SIDECAR}.rule": RULE.replace("/socket.io", "/socket.io/")}
    with container(server, "old-socketio", labels=other):
        until(server, "404")
        told = asked()
    assert verdict(told) == ("RT005", "edge", "containers")
    assert f"container {SIDECAR} and container old-socketio" in told["verdict"]["evidence"]


@pytest.mark.full
def test_what_nginx_runs_with_is_asked_of_the_container(server: Server, asked: Asked, configuration: Path) -> None:
    with changed(server, configuration, "proxy_read_timeout 86400;", "proxy_read_timeout 30s;"):
        until(server, "200")
        told = asked()
    assert verdict(told) == ("RT022", "proxy", "configuration")
    assert "proxy_read_timeout 30s" in told["verdict"]["evidence"]


def test_the_upstream_is_asked_from_the_container(server: Server, asked: Asked, configuration: Path) -> None:
    # Where nginx looks nothing listens; on the machine itself the same port answers on loopback.
    with changed(server, configuration, f"server {UPSTREAM}", f"server {BRIDGE}:9001"):
        until(server, "502")
        told = asked()
    assert verdict(told) == ("RT016", "proxy", "configuration")
    assert told["results"]["upstream"]["summary"] == f"{BRIDGE}:9001 does not answer, asked from {SIDECAR}"


def socketio_on(server: Server, host: str) -> None:
    """Let Socket.IO listen on an address."""
    each = programs(server.bench.path, socketio_host=host, ca=server.ca)
    wanted = next(one for one in each if one.name == "socketio")
    command = server.layout.server.command(*wanted.command)
    server.supervisor.apply(Program(wanted.name, command, wanted.directory, wanted.environment))
    server.wait_ready("socketio")


def test_socketio_on_loopback_only(server: Server, asked: Asked) -> None:
    try:
        socketio_on(server, LOOPBACK)
        until(server, "502")
        told = asked()
    finally:
        socketio_on(server, "0.0.0.0")
    assert verdict(told) == ("RT003", "proxy", "listening")
    assert f"{LOOPBACK}:{SOCKETIO_PORT}" in told["verdict"]["evidence"]
    assert "loopback only, and its proxy runs in a container" in told["verdict"]["evidence"]


def test_a_container_on_a_network_that_traefik_is_not_on(server: Server, asked: Asked, configuration: Path) -> None:
    router = "traefik.http.routers.inner-socketio"
    labels = {
        "traefik.enable": "true",
        "traefik.docker.network": "back",
        f"{router}.rule": f"Host(`{INNER}`) && PathPrefix(`/socket.io`)",
        f"{router}.entrypoints": "inner",
    }
    mounts = {traefik_program(): "/traefik", server.layout.docker_socket: "/var/run/docker.sock"}
    traefik = (
        *(word for source, target in mounts.items() for word in ("--volume", f"{source}:{target}:ro")),
        *("--network", "front", "--publish", f"{INNER_PORT}:80"),
    )
    command = (
        *("/traefik", "--providers.docker.exposedbydefault=false", "--entrypoints.inner.address=:80"),
        "--serverstransport.forwardingtimeouts.dialtimeout=1s",
    )
    server.docker("tag", server.image, TRAEFIK_IMAGE)
    with ExitStack() as stack:
        for network in ("front", "back"):
            server.docker("network", "create", network)
            stack.callback(server.docker, "network", "rm", network)
        options = ("--network", "back", "--volume", f"{configuration}:/etc/nginx/nginx.conf:ro")
        stack.enter_context(container(server, "inner-socketio", *options, labels=labels, command=NGINX))
        server.docker("network", "connect", "front", "inner-socketio")
        stack.enter_context(container(server, "traefik", *traefik, labels={}, image=TRAEFIK_IMAGE, command=command))
        until(server, "504", f"http://{SERVER}:{INNER_PORT}{HANDSHAKE}", "--header", f"Host: {INNER}")
        told = asked("--resolve", SERVER, url=f"http://{INNER}:{INNER_PORT}")
    assert verdict(told) == ("RT004", "edge", "containers")
    assert told["verdict"]["evidence"] == (
        "container inner-socketio is on back, front, Traefik on front, and traefik.docker.network is back"
    )
    named = f"Traefik {TRAEFIK.version} (by its image {TRAEFIK_IMAGE}), Docker "
    assert told["results"]["versions"]["summary"].startswith(named)
