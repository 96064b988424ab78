"""What a file holds: what is on the disk, or what is tried in its place without being written."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_INSTEAD: ContextVar[Mapping[str, bytes]] = ContextVar("instead", default={})  # noqa: B039 (nothing writes to it)


@contextmanager
def instead(texts: Mapping[Path, bytes]) -> Iterator[None]:
    """Let readers find these bytes in these files, as long as the block runs. The files need not exist."""
    token = _INSTEAD.set({**_INSTEAD.get(), **{os.path.realpath(path): text for path, text in texts.items()}})
    try:
        yield
    finally:
        _INSTEAD.reset(token)


def size(path: Path) -> int:
    """Return how many bytes a file has.

    Raises:
        OSError: there is no such file, or it cannot be asked.
    """
    found = _tried(path)
    return path.stat().st_size if found is None else len(found)


def read_bytes(path: Path) -> bytes:
    """Return what a file holds.

    Raises:
        OSError: it cannot be read.
    """
    found = _tried(path)
    return path.read_bytes() if found is None else found


def _tried(path: Path) -> bytes | None:
    texts = _INSTEAD.get()
    return texts.get(os.path.realpath(path)) if texts else None
