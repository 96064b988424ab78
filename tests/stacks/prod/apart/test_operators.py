"""One stack, two operators: what one of them deployed the other finds as it is, with a key and a home of their own."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

from demo.server import Server
from tests.engine import Stack
from tests.stacks.checkout import Checkout, checkout
from tests.stacks.prod.agent import agent
from tests.stacks.prod.production import SECOND_HOST, Production, from_laptop, handshake

NAME = "operators"


@contextmanager
def let_in(server: Server, key: Path) -> Iterator[None]:
    """Make a key, and have the server accept it too."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    accepted = server.layout.ssh / "client.pub"
    before = accepted.read_text()
    accepted.write_text(before + key.with_suffix(".pub").read_text())
    try:
        yield
    finally:
        accepted.write_text(before)


def of(operator: Path, made: Production, copy: Checkout, key: Path, socket: str) -> Production:
    """Return the same stack in the hands of somebody with a home, a checkout, a key and an agent of their own."""
    operator.mkdir(exist_ok=True)
    file = operator / made.config_file.name
    if made.config_file.exists():
        copyfile(made.config_file, file)
    own = {"HOME": str(operator), "XDG_CACHE_HOME": str(operator / ".cache"), "SSH_AUTH_SOCK": socket}
    given = {**made.stack.environment, **own, "PYTHONPATH": str(copy.folder)}
    stack = Stack(made.stack.state, copy.folder, NAME, file, given, before=made.stack.before, init=False)
    return replace(made, copy=copy, stack=stack, config_file=file, base={**made.base, "sshKeyFile": str(key)})


def test_a_second_operator_changes_nothing_and_can_destroy(server: Server, copy: Checkout, tmp_path: Path) -> None:
    """The agents serve the docker plugin; its options, which both share in the stack's configuration, name no key."""
    first_key, second_key = server.ssh.key, tmp_path / "second"
    known = ["-F", "none", "-o", f"UserKnownHostsFile={server.ssh.known_hosts}"]
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with (
        let_in(server, second_key),
        agent(tmp_path / "a", first_key) as one,
        agent(tmp_path / "b", second_key) as other,
    ):
        options: dict[str, Any] = {"docker:sshOpts": known}
        made = from_laptop(server, copy, NAME, **options)
        first = of(tmp_path / "first", made, copy, first_key, one)
        elsewhere = checkout(tmp_path / "elsewhere" / "c")
        (elsewhere.folder / "Pulumi.prod.yaml").unlink()
        second = of(tmp_path / "second home", first, elsewhere, second_key, other)
        try:
            first.up()
            copyfile(first.config_file, second.config_file)
            assert second.up().operations() == {}
            assert first.up().operations() == {}
            exported = first.stack.pulumi("stack", "export", "--show-secrets", "--stack", NAME).stdout
            assert not [word for word in (str(first_key), one, str(tmp_path)) if word in exported]
            second.up(proxyTimeout=4321)
            assert handshake(server, SECOND_HOST) == "open"
        finally:
            second.stack.destroy()
        assert first.containers(running=False) == []
        assert first.volumes() == []
