"""The prod stack deployed, for all tests of this folder."""

from __future__ import annotations

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


@pytest.fixture
def other_image(changing: Production, second_image: str) -> str:
    """The one of the two images that is not deployed."""
    return changing.server.image if "image" in changing.changes else second_image
