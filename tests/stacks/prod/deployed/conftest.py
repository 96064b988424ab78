"""The prod stack deployed, for all tests of this folder."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from demo.server import Server
from tests.engine import Run
from tests.stacks.checkout import Checkout
from tests.stacks.prod.production import SITE, Production, stack_on


@pytest.fixture(scope="package")
def first(server: Server, copy: Checkout) -> Iterator[tuple[Production, Run]]:
    """The prod stack, deployed, and what its first `up` did."""
    made = stack_on(server, copy, "prod", benchPath=str(server.layout.bench))
    made.give_service_account(SITE)
    run = made.up()
    yield made, run
    made.stack.destroy()
    assert not made.containers(running=False)
    assert not made.volumes()


@pytest.fixture
def prod(first: tuple[Production, Run]) -> Production:
    """The prod stack as it was first deployed."""
    first[0].restore()
    return first[0]


@pytest.fixture
def changing(first: tuple[Production, Run]) -> Production:
    """The prod stack for tests that change it, whole; the tests before may have changed its settings."""
    if not first[0].whole:
        first[0].also("--refresh")
    return first[0]


@pytest.fixture(scope="package")
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


@pytest.fixture
def other_image(changing: Production, second_image: str) -> str:
    """The one of the two images that is not deployed."""
    return changing.server.image if "image" in changing.changes else second_image
