"""What depends on the version of nginx."""

from __future__ import annotations

import re
from functools import lru_cache

ASSUMED = (1, 22)
"""Where nobody says which version runs: what distributions have, and all before."""
KEEPS_CONNECTIONS = (1, 29, 7)
"""From here on an upstream is spoken to in HTTP/1.1 by default, and is sent no Connection header (nginx's CHANGES)."""

_IMAGE = re.compile(r"^(?:docker\.io/)?(?:library/|nginxinc/)?nginx(?:-unprivileged)?:(\d+\.\d+[\w.-]*)")


@lru_cache
def parse(version: str) -> tuple[int, ...]:
    """Return the numbers of a version such as ``1.30.6``; of none, those of ``ASSUMED``."""
    found = re.match(r"\d+(?:\.\d+){0,2}", version)
    return tuple(map(int, found[0].split("."))) if found else ASSUMED


def named_by(image: str) -> str:
    """Return the version that an image's name says; empty where it says none: ``stable`` was an older one once."""
    found = _IMAGE.match(image)
    return found[1] if found else ""
