"""One server and one copy of this checkout to deploy from; each folder here has its own where they run side by side."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.server import Server
from tests.stacks.checkout import Checkout, checkout
from tests.stacks.prod.production import HOST, SECOND_HOST, SECOND_SITE, THIRD_HOST


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server of this test run's own, up; its folder's path is short enough for the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix=f"rr-prod-{os.getpid()}-"))
    built = Server(f"prod-{os.getpid()}", folder, (HOST, f"{SECOND_HOST}={SECOND_SITE}", THIRD_HOST))
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


@pytest.fixture(scope="session")
def second_image(server: Server) -> Iterator[str]:
    """Another nginx image in the server's registry: the same program under another digest."""
    repository = "localhost:5000/nginx"
    made = server.docker("run", "--detach", "--entrypoint", "true", server.image)
    try:
        server.docker("wait", made)
        server.docker("commit", "--change", "LABEL another=image", made, f"{repository}:another")
    finally:
        server.docker("rm", made)
    pushed = server.docker("push", f"{repository}:another")
    yield f"{repository}@{re.search(r'sha256:[0-9a-f]{64}', pushed)[0]}"  # type: ignore[index]
    server.docker("rmi", "--force", f"{repository}:another")
