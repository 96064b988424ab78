"""Where something stands."""

from __future__ import annotations

from raven_realtime.proxies.record import record


@record
class Location:
    """A file (or the name of a resource or container) and, where known, a line from 1."""

    path: str
    line: int | None = None

    def __str__(self) -> str:
        """Return ``path:line``, as editors and compilers write it."""
        return self.path if self.line is None else f"{self.path}:{self.line}"
