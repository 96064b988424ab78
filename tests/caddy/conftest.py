"""The real Caddy, and upstreams that keep what they get."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.caddy.upstream import Upstreams


@pytest.fixture(scope="module")
def upstreams() -> Iterator[Upstreams]:
    """Serve three upstreams for the tests of a module."""
    with Upstreams(3) as started:
        yield started
