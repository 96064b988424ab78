"""The programs that the server is made of, and what to install when one is missing."""

from __future__ import annotations

import os
import shlex
import shutil

from raven_realtime.problem import Problem
from toolchain import debian

PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), *debian.SYSTEM_FOLDERS])
"""The caller's PATH and the folders of servers, which a user's PATH may not show."""


def found(program: str) -> str:
    """Return where a program lies.

    Raises:
        Problem: it is not installed.
    """
    path = shutil.which(program, path=PATH)
    if path is None:
        raise Problem(f"{program} is not installed. Run `python3 -m toolchain ensure --for prod`, then this again.")
    return path


def require() -> None:
    """Check that this is root and that every program is there.

    Raises:
        Problem: it is not; with the command that helps.
    """
    missing = debian.missing(["prod"])
    if missing:
        raise Problem(
            "The demo server needs Debian packages that are not here. Run this, then try again:\n\n"
            f"  sudo {shlex.join(debian.install_command(missing))}"
        )
    require_root()


def require_root() -> None:
    """Check that this is root.

    Raises:
        Problem: it is not.
    """
    if os.geteuid() != 0:
        raise Problem(
            "The demo server needs root: it makes network namespaces and runs a Docker daemon of its own. "
            "Nothing was started. Run the same command with sudo."
        )
