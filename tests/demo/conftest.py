"""One running demo bench with two sites for all tests here; its realtime server is Frappe 16's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.generations import NAMES
from demo.running import RunningBench, running_bench

SITE, SECOND_SITE = "raven.localhost", "second.localhost"


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBench]:
    """The bench; a test that stops one of its programs starts it again."""
    with running_bench(
        tmp_path_factory.mktemp("demo") / "bench", sites=(SITE, SECOND_SITE), generation="16"
    ) as running:
        yield running


@pytest.fixture(scope="session", params=NAMES)
def each(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBench]:
    """A bench of each generation, one after the other."""
    folder = tmp_path_factory.mktemp(request.param) / "bench"
    with running_bench(folder, sites=(SITE, SECOND_SITE), generation=request.param) as running:
        yield running


@pytest.fixture(scope="session")
def sids(bench: RunningBench) -> dict[str, str]:
    """A session on the default site for each of the demo's users, by the first part of their names."""
    return {name: bench.sign_in(f"{name}@example.com") for name in ("demo", "sam")}
