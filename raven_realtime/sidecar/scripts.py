"""The scripts that run on the Docker host: plain `sh`, called by one short line each."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Mapping
from pathlib import Path

from raven_realtime.proxies.nginx.fingerprint import STATUS_HOST
from raven_realtime.sidecar import labels

FOLDER = Path(__file__).parent
"""Where the scripts lie on this machine."""
LEAVING = "/tmp/leaving"  # noqa: S108 (a tmpfs of the container's own)
"""A file in a sidecar's container that makes it say it is unhealthy: Traefik then sends it nothing new."""
CONSTANTS = {
    "STACK_LABEL": labels.STACK,
    "ROUTING_LABEL": labels.ROUTING,
    "GENERATION_LABEL": labels.GENERATION,
    "STATUS_HOST": STATUS_HOST,
    "LEAVING": LEAVING,
}


def command(name: str, variables: Mapping[str, str], folder: str) -> str:
    """Return the line that runs a script: its variables, then ``sh FOLDER/NAME.sh``.

    Args:
        name: the script's file, without ``.sh``.
        variables: what it reads. They are in the line itself, because sshd passes no environment on.
        folder: where the scripts lie on the machine that runs the line.
    """
    assigned = " ".join(f"{key}={shlex.quote(value)}" for key, value in sorted({**CONSTANTS, **variables}.items()))
    return f"{assigned} sh {shlex.quote(f'{folder}/{name}.sh')}"


def digest() -> str:
    """Return a hash of all scripts, so that a change of one is a change of the stack."""
    content = b"".join(script.read_bytes() for script in sorted(FOLDER.glob("*.sh")))
    return hashlib.sha256(content).hexdigest()[:12]
