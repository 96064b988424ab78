"""The hops of the path, and the checks that ask them while the system runs: one module a check, one result type.

A hop is a part of the path; a check asks it as a browser would and gives a `Result`. `CHECKS` modules each carry
their `CHECK` (name, title, what a pass proves); `checks()` finds them by listing `checks/`, in the order of the walk.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from raven_realtime.live import checks as _checks
from raven_realtime.live.result import Check, Outcome, Result
from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT

__all__ = ["HOPS", "Check", "Outcome", "Result", "checks"]

HOPS = {
    "browser": "the browser (the page and its client code)",
    "name": "the public name (DNS)",
    "edge": "the edge (Traefik or the tunnel, where TLS ends)",
    "proxy": "the proxy (nginx: the sidecar, the multiplexer or the bench's own)",
    "realtime": f"the realtime process (Socket.IO on :{SOCKETIO_PORT})",
    "redis": "redis (its channel events)",
    "web": f"Frappe's web (:{WEB_PORT}, which the realtime process calls back)",
}
"""The parts of the path from the outside in: every finding names the one that is at fault."""


@cache
def checks() -> dict[str, Check]:
    """Return every check's metadata by name, in the order of the walk: outermost first."""
    found = [
        module_check
        for module in pkgutil.iter_modules(_checks.__path__)
        if isinstance(
            module_check := getattr(importlib.import_module(f"{_checks.__name__}.{module.name}"), "CHECK", None), Check
        )
    ]
    return {check.name: check for check in sorted(found, key=lambda check: check.rank)}
