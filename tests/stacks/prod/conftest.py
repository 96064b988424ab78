"""One server, one copy of this checkout, and the prod stack deployed from it, for all tests of this folder."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.server import Server
from tests.engine import Run, Stack
from tests.stacks.checkout import Checkout, checkout
from tests.stacks.prod.production import HOST, SECOND_HOST, SECOND_SITE, SITE, Production, facts


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server of this test run's own, up; its folder's path is short enough for the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="rr-prod-"))
    built = Server(f"prod-{os.getpid()}", folder, (HOST, f"{SECOND_HOST}={SECOND_SITE}"))
    try:
        built.up()
        yield built
    finally:
        built.down()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A copy of this checkout, without its own configuration of the stack: each stack here brings one."""
    made = checkout(tmp_path_factory.mktemp("prod") / "c")
    (made.folder / "Pulumi.prod.yaml").unlink()
    return made


def stack_on(server: Server, copy: Checkout, name: str, **base: Any) -> Production:
    """Return a stack whose engine runs on the server, as an operator's does; its files lie beside the copy."""
    folder = copy.folder.parent / name
    file = folder / f"Pulumi.{name}.yaml"
    on_server = 'PATH="$0:$PATH" DOCKER_HOST="$1"; export PATH DOCKER_HOST; shift; exec "$@"'
    before = server.layout.server.command("sh", "-c", on_server, str(server.layout.bin), server.docker_host)
    folder.mkdir()
    stack = Stack(
        folder / "s", copy.folder, name, file, {"PYTHONPATH": str(copy.folder), "DOCKER_HOST": ""}, before=before
    )
    return Production(server, copy, stack, file, {**facts(server), "hosts": [HOST], **base})


@pytest.fixture(scope="session")
def first(server: Server, copy: Checkout) -> Iterator[tuple[Production, Run]]:
    """The prod stack, deployed, and what its first `up` did."""
    made = stack_on(server, copy, "prod", benchPath=str(server.layout.bench))
    made.give_service_account(SITE)
    run = made.up()
    yield made, run
    made.up("--refresh", expect=None)
    made.stack.destroy()
    assert not made.containers(running=False)
    assert not made.volumes()


@pytest.fixture
def prod(first: tuple[Production, Run]) -> Production:
    """The prod stack, deployed; for tests that change nothing."""
    return first[0]


@pytest.fixture
def changing(prod: Production) -> Iterator[Production]:
    """The prod stack for tests that change it or its server: brought back to the base configuration afterwards."""
    yield prod
    prod.up("--refresh")


@pytest.fixture(scope="session")
def second_image(first: tuple[Production, Run]) -> Iterator[str]:
    """Another nginx image in the server's registry: the same program under another digest."""
    server, repository = first[0].server, "localhost:5000/nginx"
    made = server.docker("run", "--detach", "--entrypoint", "true", server.image)
    try:
        server.docker("wait", made)
        server.docker("commit", "--change", "LABEL another=image", made, f"{repository}:another")
    finally:
        server.docker("rm", made)
    pushed = server.docker("push", f"{repository}:another")
    yield f"{repository}@{re.search(r'sha256:[0-9a-f]{64}', pushed)[0]}"  # type: ignore[index]
    server.docker("rmi", "--force", f"{repository}:another")
