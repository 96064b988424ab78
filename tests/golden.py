"""Golden files: what users see, held to the letter. ``UPDATE_GOLDEN=1`` writes them anew (`make golden`)."""

from __future__ import annotations

import os
from pathlib import Path


def hold(path: Path, text: str) -> None:
    """Compare ``text`` with the golden file, or write the file if asked to."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is missing: `make golden` writes it"
    assert text == path.read_text(encoding="utf-8")
