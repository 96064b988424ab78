"""One stack with the ngrok tunnel for the tests that have it work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stacks.deployment import within
from tests.stacks.ngrok.tunnelled import Tunnelled, tunnelled


@pytest.fixture(scope="package")
def tunnel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tunnelled]:
    with tunnelled(tmp_path_factory.mktemp("n")) as made:
        yield made
        made.stack.destroy()
        within(5, lambda: [str(process) for process in made.processes()])
        assert not made.copy.places.root.exists()
