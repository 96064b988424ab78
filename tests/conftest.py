"""What holds for every test."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import tests.fuzz  # noqa: F401  (before a test is made: its settings hold for all)
from tests.measured import counted, measured, pytest_terminal_summary
from tests.networks import Networks, group_of

pytest.register_assert_rewrite("tests.golden")
__all__ = ["counted", "measured", "pytest_terminal_summary"]

TOGETHER = (
    "tests/stacks/prod",
    "tests/symptoms",
    "tests/truth",
    "tests/stacks",
    "tests/sidecar",
    "tests/toolchain_docker",
)
"""Below these folders the tests of one folder share something dear: a Docker daemon, a server, a deployed stack.
What takes longest comes first, and first to a worker, so that none is left with it when the others are done."""


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


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put what takes long first where workers share the tests; a single process has the quick ones first."""
    if hasattr(config, "workerinput"):
        items.sort(
            key=lambda item: next(
                (i for i, folder in enumerate(TOGETHER) if item.nodeid.startswith(folder)), len(TOGETHER)
            )
        )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFolderOrFile:
    """Schedule by folder or file, in the order of the collection."""
    config.option.loadscopereorder = False
    return ByFolderOrFile(config, log)
