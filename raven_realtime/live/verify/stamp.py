"""The time that a deployed check notes: first, so that its own line is the last that `pulumi up` shows of it."""

from __future__ import annotations

import re

STAMP = "date -u '+checked at %Y-%m-%dT%H:%M:%SZ' && "
"""What stands before the command line of a deployed check."""
STAMPED = re.compile(r"^checked at (\S+)\n?", re.MULTILINE)


def outcome(stdout: str | None) -> str:
    """Return the check's own line with the time at which it was made: ``✓ handshake (origin)  200 … (2026-…Z)``."""
    said = stdout or ""
    stamped = STAMPED.search(said)
    return " ".join([*STAMPED.sub("", said).splitlines()[:1], *([f"({stamped[1]})"] if stamped else [])])
