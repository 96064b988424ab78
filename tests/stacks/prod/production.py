"""The prod stack on a throw-away server, and the questions that tests ask about it."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from demo.server import Server
from raven_realtime.sidecar import labels
from tests.engine import Run, Stack
from tests.measured import BESIDE_OTHERS
from tests.stacks.checkout import Checkout, Ran

HOST, SITE = "v2.sysmayal.cloud", "v2.sysmayal.cloud"
SECOND_HOST, SECOND_SITE = "erp.sysmayal.cloud", "erp.localhost"
THIRD_HOST = "refused.sysmayal.cloud"
"""A site too, for a stack beside the others': the realtime process asks the web of the host that it is called by."""
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
CURL = ("curl", "-sS", "--noproxy", "*", "--max-time", "5")
CAPACITY = 2_000
"""What every machine that runs tests can hold, ten reloads included."""
ANSWERS_WITHIN = 5.0
"""Seconds in which the public handshake answers again, from a part's being back."""
SEED_LABELS = {
    "traefik.enable": "true",
    "traefik.http.routers.frappe-socketio.rule": f"Host(`{HOST}`) && PathPrefix(`/socket.io`)",
    "traefik.http.routers.frappe-socketio.entrypoints": "websecure",
    "traefik.http.routers.frappe-socketio.tls.certresolver": "myresolver",
    "traefik.http.services.frappe-socketio.loadbalancer.server.port": "80",
}
"""docs/guidelines.md, "Production"."""


@dataclass
class Production:
    """A stack of the prod target: the real engine's, deployed to a real Docker host behind a real Traefik."""

    server: Server
    copy: Checkout
    stack: Stack
    config_file: Path
    base: dict[str, Any] = field(default_factory=dict)
    """The configuration that every `up` has, by key without ``raven-realtime:``."""
    changes: dict[str, Any] = field(default_factory=dict)
    """In what the deployed configuration differs from that: what the last `up` that succeeded was given."""
    whole: bool = True
    """Whether the last `up` succeeded."""

    @property
    def label(self) -> str:
        """The value of the label that marks what this stack made."""
        return f"raven-realtime/{self.stack.name}/frappe-socketio"

    def configure(self, **changes: Any) -> None:
        """Write the stack's configuration: the base and these changes; None leaves a key out."""
        salts = [line for line in _lines(self.config_file) if line.startswith("encryptionsalt:")]
        wanted = {key: value for key, value in {**self.base, **changes}.items() if value is not None}
        written = {key if ":" in key else f"raven-realtime:{key}": value for key, value in wanted.items()}
        self.config_file.write_text("\n".join([f"config: {json.dumps(written)}", *salts, ""]))  # JSON is YAML

    def up(self, *arguments: str, expect: int | None = 0, **changes: Any) -> Run:
        """Run ``pulumi up`` with the base configuration and these changes of it."""
        self.configure(**changes)
        self.whole = False
        run = self.stack.up(*arguments, expect=expect)
        if run.code == 0:
            self.changes = {key: value for key, value in changes.items() if self.base.get(key) != value}
            self.whole = True
        return run

    def also(self, *arguments: str, expect: int | None = 0, **changes: Any) -> Run:
        """Run ``pulumi up`` with these changes of what is deployed."""
        return self.up(*arguments, expect=expect, **{**self.changes, **changes})

    def restore(self) -> None:
        """Bring it back to the base configuration, if it is not there."""
        if self.changes or not self.whole:
            self.up("--refresh")

    def give_service_account(self, site: str) -> None:
        """Add a site's API key to the base configuration, as a secret of the stack."""
        key = self.server.bench.api_key(site)
        self.configure()
        for name, value in (("apiKey", key.key), ("apiSecret", key.secret)):
            self.stack.set_config(f"raven-realtime:{name}", value, "--secret")
            self.base[name] = YAML(typ="safe").load(self.config_file)["config"][f"raven-realtime:{name}"]

    def verify(self, *, expect: int = 0) -> Ran:
        """Run ``raven-realtime verify`` where the stack's engine runs."""
        line = (*self.stack.before, ".venv/bin/raven-realtime", "verify", "--stack", self.stack.name)
        return self.copy.run(*line, expect=expect, environment=self.stack.environment)

    def containers(self, *, running: bool = True) -> list[str]:
        """Return the names of this stack's containers."""
        every = () if running else ("--all",)
        named = self.server.docker(
            "ps", *every, "--filter", f"label={labels.STACK}={self.label}", "--format", "{{.Names}}"
        )
        return named.split()

    def volumes(self) -> list[str]:
        """Return the names of this stack's volumes."""
        return self.server.docker("volume", "ls", "--quiet", "--filter", f"label={labels.STACK}={self.label}").split()

    def container(self) -> str:
        """Return the name of the one container."""
        (name,) = self.containers()
        return name

    def urn(self, ending: str) -> str:
        """Return the URN of the stack's one resource whose name ends so."""
        (found,) = (item["urn"] for name, item in self.stack.resources().items() if name.endswith(f"-{ending}"))
        return str(found)

    def inspect(self, template: str) -> Any:
        """Return what ``docker inspect`` says of the one container, decoded."""
        return json.loads(self.server.docker("inspect", "--format", f"{{{{json {template}}}}}", self.container()))


def facts(server: Server) -> dict[str, Any]:
    """Return what the configuration of every stack for this server says of it, and the tests' sizes."""
    return {
        "target": "prod",
        "image": server.image,
        "publicAddress": server.address,
        "caFile": str(server.ca),
        "capacity": CAPACITY,
        "staySeconds": 1,
    }


def engine_on(server: Server) -> tuple[str, ...]:
    """Return the command that runs another one on the server, with the engine that its environment names."""
    on_server = 'PATH="$0:$PATH" DOCKER_HOST="$1"; export PATH DOCKER_HOST; shift; exec "$@"'
    return server.layout.server.command("sh", "-c", on_server, str(server.layout.bin), server.docker_host)


def stack_on(server: Server, copy: Checkout, name: str, **base: Any) -> Production:
    """Return a stack whose engine runs on the server, as an operator's does; its files lie beside the copy."""
    folder = copy.folder.parent / name
    file = folder / f"Pulumi.{name}.yaml"
    folder.mkdir()
    given = {"PYTHONPATH": str(copy.folder), "DOCKER_HOST": ""}
    stack = Stack(folder / "s", copy.folder, name, file, given, before=engine_on(server))
    return Production(server, copy, stack, file, {**facts(server), "hosts": [HOST], **base})


def from_laptop(server: Server, copy: Checkout, name: str, agent: str = "", **base: Any) -> Production:
    """Return a stack of its own router whose engine runs outside and reaches the server by ssh alone."""
    folder = copy.folder.parent / name
    folder.mkdir()
    file = folder / f"Pulumi.{name}.yaml"
    given = {"PYTHONPATH": str(copy.folder), "DOCKER_HOST": "", "SSH_AUTH_SOCK": agent}
    stack = Stack(folder / "s", copy.folder, name, file, given, before=server.layout.outside.command())
    ssh = {
        "docker:host": server.ssh.docker_host,
        "docker:sshOpts": list(server.ssh.options),
        "sshKeyFile": str(server.ssh.key),
        "sshHostKey": " ".join((server.layout.ssh / "host.pub").read_text().split()[:2]),
        "hosts": [f"{SECOND_HOST}={SECOND_SITE}"],
        "router": name,
    }
    return Production(server, copy, stack, file, {**facts(server), **ssh, **base})


def get(server: Server, url: str, *options: str) -> tuple[int, str]:
    """Ask a URL from outside, trusting the server's CA; return the status (0 for none) and the body."""
    ask = (*CURL, "--cacert", str(server.ca), "-w", "\n%{http_code}", *options, url)
    body, _, status = server.run_outside(*ask, check=False).stdout.rpartition("\n")
    return int(status or 0), body


def handshake(server: Server, host: str = HOST) -> str:
    """Take a handshake from outside; return "open" for an open packet, else the status and the body's beginning."""
    status, body = get(server, f"https://{host}{HANDSHAKE}")
    return "open" if status == 200 and body.startswith('0{"sid"') else f"{status} {body[:80]}"


def within(seconds: float, holds: Callable[[], bool]) -> float:
    """Wait until something holds; return how long it took.

    Args:
        seconds: on a machine that does nothing else; ``BESIDE_OTHERS`` times as long is waited.
        holds: what is waited for.

    Raises:
        AssertionError: it does not in time.
    """
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds * BESIDE_OTHERS, f"not within {seconds * BESIDE_OTHERS} s"
        time.sleep(0.1)
    return time.monotonic() - began


def python_outside(server: Server, script: str, *arguments: str) -> Sequence[str]:
    """Return the command line that runs a script of this folder in the world outside."""
    return server.outside(sys.executable, str(Path(__file__).with_name(script)), *arguments)


def remove_containers(server: Server, *names: str) -> None:
    """Remove containers that a test made by hand; nothing happens for those that are gone."""
    subprocess.run(["docker", "-H", server.docker_host, "rm", "-f", *names], capture_output=True, check=False)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
