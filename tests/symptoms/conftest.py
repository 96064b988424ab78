"""One bench and one Traefik for all symptoms, with the real ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from demo import node_packages
from tests.symptoms.world import World


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    node_packages.install()
    with ExitStack() as stack:
        yield World(tmp_path_factory.mktemp("symptoms"), stack)
