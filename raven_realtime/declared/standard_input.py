"""What is given on standard input: read as a file of the kind that it looks like."""

from __future__ import annotations

import re
from pathlib import Path

NAME = "standard-input"
_YAML = re.compile(r"""(?:---|["']?[\w.-]+["']?\s*:)(?:\s|$)""")


def named(raw: bytes) -> Path:
    """Return the name that a text would have as a file: its ending says how it is read.

    JSON is an exported state, a site's settings, Caddy's or Tailscale's; a first line like ``services:`` is YAML;
    everything else has a syntax of its own (nginx, Caddyfile, HAProxy, Apache), told by its content.
    """
    text = raw.decode("utf-8", errors="replace").removeprefix("\ufeff")
    lines = (line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    first = next(lines, "")
    if first.lstrip().startswith(("{", "[")):
        return Path(f"{NAME}.json")
    return Path(f"{NAME}.yml" if _YAML.match(first) else f"{NAME}.conf")
