"""Bad input and hostile hosts, a row each: what `pulumi up` says (golden/), and that nothing is half-made."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from demo.server import Server
from demo.server.docker import FILES
from raven_realtime.sidecar.pieces import SPARE
from tests import golden
from tests.stacks.checkout import Checkout
from tests.stacks.prod.instead import echo
from tests.stacks.prod.production import (
    ANSWERS_WITHIN,
    HANDSHAKE,
    THIRD_HOST,
    Production,
    from_laptop,
    get,
    stack_on,
    within,
)

GOLDEN = Path(__file__).parent / "golden"
HOST, NEW_HOST = THIRD_HOST, "new.sysmayal.cloud"
ROUTER = "refused"
NO_DIGEST = f"sha256:{'0' * 64}"


@contextmanager
def somebody_elses(server: Server, name: str, *labels: str) -> Iterator[None]:
    """Have a container that is not ours."""
    words = [word for label in labels for word in ("--label", label)]
    server.docker("create", "--name", name, *words, server.image)
    try:
        yield
    finally:
        server.docker("rm", "--force", name)


@contextmanager
def firewall(server: Server) -> Iterator[None]:
    """Have the server's firewall drop what containers send to Socket.IO."""
    rule = ("INPUT", "-i", "docker0", "-p", "tcp", "--dport", "9000", "-j", "DROP")
    server.run_inside("iptables", "-I", *rule)
    try:
        yield
    finally:
        server.run_inside("iptables", "-D", *rule)


@dataclass(frozen=True)
class Row:
    """One bad input: the configuration, and what else is the matter with the server."""

    config: Mapping[str, Any] = field(default_factory=dict)
    meanwhile: Callable[[Server], AbstractContextManager[None]] = lambda _server: nullcontext()


CLAIM = f"traefik.http.routers.{ROUTER}.rule=Host(`{HOST}`)"


@contextmanager
def untold(server: Server) -> Iterator[None]:
    """Have the file away from which Traefik read its resolvers when it started: then they cannot be told."""
    file = server.layout.traefik / "traefik.yml"
    away = file.rename(file.with_suffix(".away"))
    try:
        yield
    finally:
        away.rename(file)


ROWS = {
    "Docker unreachable": Row({"docker:host": "tcp://127.0.0.1:1"}),
    "image missing": Row({"image": None}),
    "image not pinned": Row({"image": "nginx:stable"}),
    "image absent": Row({"image": f"localhost:5000/no-such-image@{NO_DIGEST}"}),
    "digest wrong": Row({"image": f"localhost:5000/nginx@{NO_DIGEST}"}),
    "name taken": Row(meanwhile=lambda server: somebody_elses(server, "frappe-socketio")),
    "router taken": Row(meanwhile=lambda server: somebody_elses(server, "chat-sidecar", CLAIM)),
    "Socket.IO on loopback only": Row(meanwhile=lambda server: echo(server, "127.0.0.1")),
    "firewall": Row(meanwhile=firewall),
    "certresolver not declared": Row({"certResolver": "nosuch"}),
    "network missing": Row({"networks": ["no-such-network"]}),
    "invalid host": Row({"hosts": ["https://chat.example.com/"]}),
    "host twice": Row({"hosts": [HOST, f"{HOST}=other"]}),
    "capacity": Row({"capacity": (FILES - 2 * SPARE) // 2 + 1}),
}
"""All of these are found before anything is created."""


@pytest.fixture(scope="module")
def refused(server: Server, copy: Checkout) -> Iterator[Production]:
    """A stack of its own host and router, so that the other one on the server is not in question."""
    made = stack_on(server, copy, "refused", hosts=[HOST], router=ROUTER)
    yield made
    made.configure()
    made.stack.destroy()


def on_server(server: Server) -> tuple[str, str]:
    """Return the containers and the volumes of the server's Docker host."""
    return server.docker("ps", "--all", "--quiet"), server.docker("volume", "ls", "--quiet")


def refusal(prod: Production, **config: Any) -> str:
    """Run `up`, which must fail on something the user can mend; return what it said about it."""
    run = prod.up(expect=None, **config)
    assert run.code not in {0, 32}, run.text
    assert "Traceback" not in run.text
    said = re.search(r"^Diagnostics:\n(.*?)^(?:Resources|Outputs):", run.stdout, re.MULTILINE | re.DOTALL)
    return _steady(said[1] if said else run.text, prod)


def _steady(text: str, prod: Production) -> str:
    """Leave out what differs from machine to machine, the command line that Pulumi repeats, and what is not ours."""
    for found, instead in (
        (re.escape(str(prod.copy.folder.parent)), "<TMP>"),
        (re.escape(str(prod.server.layout.folder)), "<SERVER>"),
        (r"  pulumi:pulumi:Stack \(.*\):\n    error: update failed\n\n?", ""),
        (r"exit status (\d+): running \".*\":$", r"exit status \1: running <COMMAND>:"),
        (r"after \d+ (milliseconds|ms)", "after <N> ms"),
        (r"checked at \S+$", "checked at <TIME>"),
    ):
        text = re.sub(found, instead, text, flags=re.MULTILINE)
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).rstrip() + "\n"


@pytest.mark.parametrize("name", ROWS)
def test_refused_before_anything_is_made(refused: Production, name: str) -> None:
    row = ROWS[name]
    with row.meanwhile(refused.server):
        before = on_server(refused.server)
        said = refusal(refused, **row.config)
        assert on_server(refused.server) == before
    golden.hold(GOLDEN / f"{name.replace(' ', '_')}.txt", said)


def test_a_certificate_resolver_that_traefik_does_not_know_is_named(refused: Production) -> None:
    """Where it cannot be told before, because Traefik's configuration cannot be read."""
    with untold(refused.server):
        said = refusal(refused, certResolver="nosuch", hosts=[NEW_HOST])
    golden.hold(GOLDEN / "certresolver.txt", said)
    (left,) = refused.containers()
    assert refused.up().code == 0
    assert left not in refused.containers(running=False), "the corrected update needs no destroy"
    assert len(refused.containers(running=False)) == len(refused.volumes()) == 1


@pytest.fixture(scope="module")
def live(refused: Production) -> Iterator[Production]:
    """The same stack deployed, and gone afterwards."""
    refused.up()
    yield refused
    refused.stack.destroy()
    assert refused.containers(running=False) == refused.volumes() == []


def test_an_untrusted_certificate_fails_or_is_only_reported(live: Production) -> None:
    assert "RT036" in refusal(live, caFile=None)
    live.up(caFile=None, trustCertificate=False)
    line = live.stack.outputs()["checks"]["certificate"]
    assert line.startswith(f"? certificate not trusted: {HOST} shows subject CN=")


def test_a_new_host_without_a_certificate_leaves_the_stage_to_the_container_before(live: Production) -> None:
    before = live.container()
    with untold(live.server):
        said = refusal(live, certResolver="nosuch", hosts=[NEW_HOST])
    assert f"For {NEW_HOST} Traefik shows the certificate that it makes for itself" in said
    assert "it has no certificate resolver nosuch" in said
    assert f"the new container was stopped, and {before} serves as before" in said
    where = ("--resolve", f"{HOST}:443:{live.server.address}")
    within(ANSWERS_WITHIN, lambda: get(live.server, f"https://{HOST}{HANDSHAKE}", *where)[0] == 200)


def key_of_mode(mode: int) -> Callable[[Production, Path], dict[str, Any]]:
    """Return a configuration with a copy of the key whose file has this mode."""

    def config(prod: Production, folder: Path) -> dict[str, Any]:
        key = Path(shutil.copy(prod.server.ssh.key, folder / "key"))
        key.chmod(mode)
        return {"sshKeyFile": str(key)}

    return config


def unauthorised_key(_: Production, folder: Path) -> dict[str, Any]:
    """Return a configuration with a key that the server does not let in."""
    make = ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key"))
    subprocess.run(make, check=True)
    return {"sshKeyFile": str(folder / "key")}


def another_host_key(_: Production, folder: Path) -> dict[str, Any]:
    """Return a configuration with the host key of another server."""
    unauthorised_key(_, folder)
    return {"sshHostKey": " ".join((folder / "key.pub").read_text().split()[:2])}


SSH_ROWS: dict[str, Callable[[Production, Path], dict[str, Any]]] = {
    "ssh refused": lambda prod, _: {"docker:host": f"{prod.server.ssh.docker_host}:2222"},
    "ssh host missing": lambda *_: {"docker:host": "ssh://"},
    "ssh key of mode 644": key_of_mode(0o644),
    "ssh key not authorised": unauthorised_key,
    "ssh host key of another server": another_host_key,
    "ssh key missing": lambda _, folder: {"sshKeyFile": str(folder / "nothing")},
}


@pytest.fixture(scope="module")
def laptop(server: Server, copy: Checkout) -> Production:
    """A stack whose engine runs outside."""
    return from_laptop(server, copy, "refused-laptop")


@pytest.mark.parametrize("name", SSH_ROWS)
def test_ssh_refused_before_anything_is_made(laptop: Production, tmp_path: Path, name: str) -> None:
    before = on_server(laptop.server)
    said = refusal(laptop, **SSH_ROWS[name](laptop, tmp_path)).replace(str(tmp_path), "<FOLDER>")
    assert on_server(laptop.server) == before
    golden.hold(GOLDEN / f"{name.replace(' ', '_')}.txt", said)
