"""The Node packages of the demo's Socket.IO process."""

from __future__ import annotations

import os

from toolchain import node

FOLDER = node.FOLDER


def environment() -> dict[str, str]:
    """Return the environment in which a script from elsewhere finds these packages."""
    return {**os.environ, "NODE_PATH": str(FOLDER / "node_modules")}


def install() -> None:
    """Install the packages of the lock file unless they are there; a second caller waits for the first.

    Raises:
        Problem: npm is missing or failed.
    """
    node.ensure()
