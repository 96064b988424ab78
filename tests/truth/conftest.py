"""One path of production for all rows of a generation: real Traefik, the sidecar, and the demo bench of that kind."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, sync_playwright

from demo import node_packages
from tests.truth.stand import Stand

Standing = Callable[[str], Stand]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium."""
    chromium = shutil.which("chromium")
    assert chromium, "Chromium is missing. Run `python3 -m toolchain ensure --for test`."
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-quic"])
        yield launched
        launched.close()


@pytest.fixture(scope="package")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Give the stand of a generation; the one before is taken down, since both use the real ports."""
    node_packages.install()
    with ExitStack() as last:
        known: dict[str, Stand] = {}

        def stand(generation: str) -> Stand:
            if generation not in known:
                last.close()
                known.clear()
                known[generation] = Stand(tmp_path_factory.mktemp(generation), last, generation)
            return known[generation]

        yield stand
