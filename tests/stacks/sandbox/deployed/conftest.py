"""One deployed sandbox for all tests of this folder; each leaves it whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stacks.deployment import Deployment, deployed


@pytest.fixture(scope="package")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deployed(tmp_path_factory.mktemp("d")) as deployment:
        yield deployment
