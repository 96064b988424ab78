"""What holds for every test."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.own_network import enter_own_network

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Give each process that runs tests a network of its own; with xdist those are the workers."""
    runs_tests = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
    if runs_tests and not config.option.collectonly:
        enter_own_network()


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what shares expensive fixtures on one worker: the tests below a conftest.py, else those of one file."""
    for item in items:
        below = [folder for folder in item.path.parents if HERE in folder.parents]
        shared = [folder for folder in below if (folder / "conftest.py").exists()]
        group = shared[-1] if shared else item.path
        item.add_marker(pytest.mark.xdist_group(str(group.relative_to(HERE))))
