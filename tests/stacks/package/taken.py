"""What a user takes from the repository to use the component package from a program elsewhere."""

from __future__ import annotations

import shutil
from pathlib import Path

from toolchain.places import ROOT


def take(folder: Path) -> Path:
    """Copy the package, the knowledge and the example into a folder, and return it; the example has our Python."""
    for part in ("components", "raven_realtime", "examples"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", ".venv"))
    (folder / "examples" / "sidecar" / ".venv").symlink_to(ROOT / ".venv")
    return folder
