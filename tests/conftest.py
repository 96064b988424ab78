"""What holds for every test."""

from __future__ import annotations

import pytest

from tests.network import enter_own_network


def pytest_configure(config: pytest.Config) -> None:
    """Give each process that runs tests a network of its own; with xdist those are the workers."""
    runs_tests = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
    if runs_tests and not config.option.collectonly:
        enter_own_network()
