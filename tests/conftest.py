"""What holds for every test."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from demo.own_network import enter_own_network

TOGETHER = ("tests/stacks", "tests/server", "tests/toolchain_docker", "tests/symptoms")
"""Below these folders the tests of one folder share something dear: a Docker daemon, a server, a deployed stack."""


class ByFolderOrFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Sends to one worker the tests that share expensive fixtures: those of a folder, elsewhere those of a file."""

    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.split("::", 1)[0])
        return str(file.parent if str(file).startswith(TOGETHER) else file)


def pytest_configure(config: pytest.Config) -> None:
    """Give each process that runs tests a network of its own; with xdist those are the workers."""
    runs_tests = hasattr(config, "workerinput") or not config.getoption("numprocesses", None)
    if runs_tests and not config.option.collectonly:
        enter_own_network()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolderOrFile:
    """Schedule by folder or file."""
    return ByFolderOrFile(config, log)
