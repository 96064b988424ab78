"""How busy the machine is: the limits on time hold for a machine that has a core free, and stretch on a crowded one."""

from __future__ import annotations

import os


def crowding() -> float:
    """How many runnable processes share a core, at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
