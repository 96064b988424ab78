"""A network namespace for each group of tests that may share servers: the fixed ports, and no process of others."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path

from demo.own_network import CLONE_NEWNET, enter_own_network

TESTS = Path(__file__).parent


def group_of(file: Path) -> Path:
    """Return the folder within which a test file's fixtures are shared: the outermost below tests/ with a conftest.py.

    A file below none shares nothing; its own folder is returned.
    """
    folders = [folder for folder in file.parents if TESTS in folder.parents]
    return next((folder for folder in reversed(folders) if (folder / "conftest.py").is_file()), file.parent)


class Networks:
    """The networks of this process, made as they are first entered."""

    def __init__(self) -> None:
        self._opened: dict[Path, int] = {}

    def enter(self, group: Path) -> None:
        """Move the calling thread, and what it starts from now on, into the group's network.

        Without root there is the machine's own network only, and nothing moves.

        Raises:
            OSError: the kernel refused.
        """
        if group in self._opened:
            libc = ctypes.CDLL(None, use_errno=True)
            if libc.setns(self._opened[group], CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), f"the network of {group} cannot be entered again")
        elif enter_own_network():
            self._opened[group] = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
