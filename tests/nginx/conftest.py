"""Real nginx in front of a real backend."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.nginx.backend import Backend


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    """Serve one echoing backend for the tests of a module."""
    with Backend() as started:
        yield started
