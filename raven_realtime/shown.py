"""Text from the wire or from a program, fit to be shown."""

from __future__ import annotations

import re

_SECRET = re.compile(r"(sid|token|key|secret|authorization)([\"'=: ]+)[^\s\"'&;,<>]{6,}", re.IGNORECASE)


def shown(text: str) -> str:
    """Return text from the wire fit for one line of a report: printable, short, values that look secret left out."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return _SECRET.sub(r"\1\2…", line)[:160]
