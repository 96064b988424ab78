"""What holds for every test."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.measured import counted, measured, pytest_terminal_summary
from tests.networks import Networks, group_of

__all__ = ["counted", "measured", "pytest_terminal_summary"]

TOGETHER = ("tests/stacks", "tests/server", "tests/toolchain_docker", "tests/symptoms")
"""Below these folders the tests of one folder share something dear: a Docker daemon, a server, a deployed stack."""


networks = Networks()


class ByFolderOrFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Sends to one worker the tests that share expensive fixtures: those of a folder, elsewhere those of a file."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.split("::", 1)[0])
        return str(file.parent if str(file).startswith(TOGETHER) else file)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Give each group of tests a network of its own in each process that runs them (docs/adr/0003)."""
    networks.enter(group_of(item.path))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolderOrFile:
    """Schedule by folder or file."""
    return ByFolderOrFile(config, log)
