"""Which configuration is live: each one that we render carries its own hash and tells it when asked.

The hash is the SHA-256 of the text without the line that holds the hash. Any listener of the configuration answers
``GET /`` with status 200 and the hash when the request's ``Host`` is `STATUS_HOST`. It is asked through the very port
that serves, and needs no socket file: one that a killed nginx leaves behind would keep the next one from starting.
"""

from __future__ import annotations

import hashlib

from raven_realtime.proxies.nginx.build import build
from raven_realtime.proxies.nginx.directive import Directive, block, say

STATUS_HOST = "status.raven-realtime.invalid"
"""The name to ask for. ``.invalid`` never resolves (RFC 6761), so no browser ever gets here."""
_VARIABLE = "$raven_realtime_configuration"


def configuration_hash(text: str) -> str:
    """Return the hash that a rendered configuration answers with: 64 hex digits."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith(f"set {_VARIABLE} ")]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def status_server(*listen: str) -> Directive:
    """Return the server that tells the hash, beside the others on the same address."""
    return block(
        "server",
        of=(
            say("listen", *listen),
            say("server_name", STATUS_HOST),
            say("set", _VARIABLE, "unknown"),
            say("default_type", "text/plain"),
            say("return", 200, _VARIABLE),
        ),
    )


def stamped(tree: tuple[Directive, ...]) -> str:
    """Return the text of a configuration with its hash filled in.

    Raises:
        Unreadable: the structure cannot be written as an nginx configuration.
    """
    text = build(tree)
    return text.replace(f"set {_VARIABLE} unknown;", f"set {_VARIABLE} {configuration_hash(text)};")
