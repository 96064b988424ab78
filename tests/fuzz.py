"""What all fuzz tests share: one budget, and what may come out of garbage."""

from __future__ import annotations

import os
from collections.abc import Callable

from hypothesis import HealthCheck, settings

from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable

BUDGET = settings(
    deadline=5000, max_examples=int(os.environ.get("FUZZ_EXAMPLES", "100")), suppress_health_check=list(HealthCheck)
)
"""A test's share of `make test`; `make fuzz` sets FUZZ_EXAMPLES and goes round until its time is over."""


def told(action: Callable[[], object]) -> str | None:
    """Return what a user is told; None where all is well. Any other exception fails the test."""
    try:
        action()
    except (Problem, Unreadable) as problem:
        return str(problem)
    return None
