"""Production's steps on a real dockerd behind a real Traefik, one by one, without Pulumi's engine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from demo.server import Server
from raven_realtime.settings import Prod, load_prod
from raven_realtime.sidecar import configuration, labels
from raven_realtime.sidecar.configuration import CONFIG_FOLDER, USER
from raven_realtime.sidecar.containers import LEAVING
from raven_realtime.sidecar.sizes import files
from tests.sidecar.conftest import SECOND_HOST, SECOND_SITE
from tests.stacks.prod.load import handshakes
from tests.stacks.prod.production import handshake, within

RATE = 40
CAPACITY = 500
pytestmark = pytest.mark.timeout(900)
HEALTH = f"[ ! -e {LEAVING} ] && curl -fsS -o /dev/null -H 'Host: status.raven-realtime.invalid' http://127.0.0.1/"


@dataclass
class Sidecars:
    """The containers of one stack, made as Pulumi makes them, and the steps between."""

    server: Server
    stack: str = "p/steps/frappe-socketio"
    made: list[str] = field(default_factory=list)

    def settings(self, **changes: object) -> Prod:
        """Return the settings of a generation."""
        given = {"hosts": [f"{SECOND_HOST}={SECOND_SITE}"], "image": self.server.image, "capacity": CAPACITY}
        return load_prod({**given, "router": "steps", "public_address": self.server.address, **changes}, where="a test")

    def step(self, *arguments: str, stdin: str = "", expect: int = 0) -> str:
        """Run a step on the server; return what it printed."""
        line = (
            sys.executable,
            "-m",
            "raven_realtime.cli",
            "sidecar",
            *arguments,
            "--docker-host",
            self.server.docker_host,
        )
        done = subprocess.run(
            self.server.inside(*line), input=stdin, capture_output=True, text=True, check=False, timeout=150
        )
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout + done.stderr

    def run(self, generation: str, settings: Prod, health: str = HEALTH) -> str:
        """Install the configuration of a generation and run its container; return its id."""
        volume, limit = f"steps-{generation}", files(settings.capacity)
        marks = {labels.STACK: self.stack, labels.GENERATION: generation}
        marks |= {labels.ROUTING: labels.digest(labels.routing(settings))}
        self.server.docker("volume", "create", "--label", f"{labels.STACK}={self.stack}", volume)
        given = ("--volume", volume, "--image", self.server.image, "--files", str(limit))
        self.step("install", *self.of(generation), *given, stdin=configuration.render(settings))
        words = [word for pair in (labels.routing(settings) | marks).items() for word in ("--label", "=".join(pair))]
        bounds = ("--read-only", "--tmpfs", "/tmp", "--user", USER, "--cap-drop", "ALL", "--stop-signal", "SIGQUIT")
        checked = ("--health-cmd", health, "--health-interval", "1s", "--health-retries", "4")
        low = ("--sysctl", "net.ipv4.ip_unprivileged_port_start=0", "--ulimit", f"nofile={limit}:{limit}")
        mount = ("--volume", f"{volume}:{CONFIG_FOLDER}:ro", "--entrypoint", "nginx", self.server.image)
        made = self.server.docker("run", "--detach", *words, *bounds, *checked, *low, *mount, "-e", "stderr", "-c",
                                  f"{CONFIG_FOLDER}/nginx.conf")  # fmt: skip
        self.made.append(made)
        return made

    def of(self, generation: str) -> tuple[str, ...]:
        return ("--stack", self.stack, "--generation", generation)

    def public(self) -> tuple[str, ...]:
        return ("--host", SECOND_HOST, "--address", self.server.address)

    def bridge(self, settings: Prod) -> str:
        routing = labels.digest(labels.routing(settings))
        return self.step("bridge", "--stack", self.stack, "--routing", routing, *self.public())

    def settle(self, keep: str, generation: str, expect: int = 0) -> str:
        return self.step(
            "settle", keep, *self.of(generation), *self.public(), "--resolver", "myresolver", expect=expect
        )

    def check(self, keep: str, settings: Prod, expect: int = 0) -> str:
        named = ("--stack", self.stack, *self.public(), "--upstream", settings.upstream)
        return self.step("check", "sidecar", keep, *named, expect=expect)

    def running(self) -> list[str]:
        found = self.server.docker("ps", "--quiet", "--no-trunc", "--filter", f"label={labels.STACK}={self.stack}")
        return found.split()

    def healthy(self, container: str) -> bool:
        return self.server.docker("inspect", "--format", "{{.State.Health.Status}}", container) == "healthy"


@pytest.fixture
def sidecars(server: Server) -> Iterator[Sidecars]:
    """A stack without a container; nothing of it is left afterwards."""
    made = Sidecars(server)
    try:
        yield made
    finally:
        assert "nothing of" in made.step("remove", "--stack", made.stack)
        assert made.running() == []


@pytest.fixture
def served(sidecars: Sidecars) -> tuple[Sidecars, str]:
    """The same with one that serves."""
    return sidecars, serve(sidecars, sidecars.settings(priority=77))


def serve(sidecars: Sidecars, settings: Prod) -> str:
    """Have one serve; return its id."""
    first = sidecars.run("1", settings)
    assert sidecars.check(first, settings).startswith("✓ sidecar")
    assert "one sidecar serves" in sidecars.settle(first, "1")
    within(15, lambda: handshake(sidecars.server, SECOND_HOST) == "open")
    return first


CHANGES: dict[str, dict[str, object]] = {
    "nothing but the generation": {"priority": 77},
    "priority": {"priority": 1000},
    "a host added": {"priority": 77, "hosts": [f"{SECOND_HOST}={SECOND_SITE}", "new.example.com"]},
    "the router's name": {"router": "steps-renamed"},
    "no retry": {"priority": 77, "traefik_version": "3.7.6"},
}


@pytest.mark.parametrize("change", CHANGES)
def test_two_generations_change_places_and_no_handshake_fails(served: tuple[Sidecars, str], change: str) -> None:
    sidecars, first = served
    said = change_places(sidecars, first, sidecars.settings(**CHANGES[change]))
    assert ("frappe-socketio-bridge-" in said) is (change != "nothing but the generation"), said


def test_without_a_retry_no_handshake_fails_either(sidecars: Sidecars) -> None:
    settings = sidecars.settings(priority=77, traefik_version="3.7.6")
    assert not any("retry" in each for each in labels.routing(settings))
    first = serve(sidecars, settings)
    assert "frappe-socketio-bridge-" not in change_places(sidecars, first, settings)


def change_places(sidecars: Sidecars, first: str, settings: Prod) -> str:
    """Have a second generation take the first one's place under load, unnoticed; return what the bridge said."""
    with handshakes(sidecars.server, RATE, SECOND_HOST) as asked:
        said = sidecars.bridge(settings)
        second = sidecars.run("2", settings)
        within(15, lambda: sidecars.healthy(second))
        sidecars.check(second, settings)
        settled = sidecars.settle(second, "2")
    assert asked.failed == ()
    assert asked.asked >= RATE * asked.seconds * 0.8
    assert "Traefik leads to" in settled
    assert sidecars.running() == [second]
    assert handshake(sidecars.server, SECOND_HOST) == "open"
    assert sidecars.server.docker("inspect", "--format", "{{.State.Running}}", first) == "false"
    return said


def test_a_traefik_that_makes_a_fault_of_retry_is_refused(sidecars: Sidecars) -> None:
    server = sidecars.server
    server.docker("tag", server.image, "traefik:v3.7.6")
    at_443 = ("--network", "host", "--entrypoint", "sleep", "traefik:v3.7.6", "300")
    door = server.docker("run", "--detach", "--name", "door", *at_443)
    try:
        named = ("--router", "steps", "--host", SECOND_HOST, "--resolver", "myresolver", "--stack", sidecars.stack)
        asked = ("look", *named, "--image", server.image, "--upstream", "172.17.0.1:9000", "--files", "4096")
        refused = sidecars.step(*asked, "--retry", expect=2)
        assert "RT060: Traefik 3.7.6 (the container door)" in refused
        assert "pulumi config set raven-realtime:traefikVersion 3.7.6" in refused
        assert "the Docker host is ready" in sidecars.step(*asked)
    finally:
        server.docker("rm", "--force", door)
        server.docker("rmi", "traefik:v3.7.6")


def test_one_that_never_becomes_healthy_stops_nothing(served: tuple[Sidecars, str]) -> None:
    """Also the second time, when Pulumi takes the container that it made for made."""
    sidecars, first = served
    settings = sidecars.settings(priority=77)
    second = sidecars.run("2", settings, health="exit 1")
    with handshakes(sidecars.server, RATE, SECOND_HOST) as asked:
        said = sidecars.settle(second, "2", expect=1)
        again = sidecars.check(second, settings, expect=1)
    for text in (said, again):
        assert "never becomes healthy" in text
        assert "serves as before" in text
    assert asked.failed == ()
    assert sidecars.running() == [first]


def test_labels_that_traefik_has_no_use_for_step_back(served: tuple[Sidecars, str]) -> None:
    """Also the second time, when the new container is there already, stopped."""
    sidecars, first = served
    settings = sidecars.settings(priority=77, entrypoint="nosuch")
    with handshakes(sidecars.server, RATE, SECOND_HOST) as asked:
        sidecars.bridge(settings)
        second = sidecars.run("2", settings)
        within(15, lambda: sidecars.healthy(second))
        said = [sidecars.settle(second, "2", expect=1) for _ in range(2)]
    for text in said:
        assert "RT001: Traefik on this host does not lead" in text
        assert "serves as before" in text
    assert asked.failed == ()
    assert sidecars.running() == [first]
