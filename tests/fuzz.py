"""What all fuzz tests share: one budget, and what may come out of garbage."""

from __future__ import annotations

import os
from collections.abc import Callable

from hypothesis import HealthCheck, settings

from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable

_EXAMPLES = os.environ.get("FUZZ_EXAMPLES")

settings.register_profile("project", deadline=None, derandomize=_EXAMPLES is None, database=None)
settings.load_profile("project")
"""The same examples in every run of `make test`, so that what is red was made red by the change; `make fuzz` looks for
new ones. No deadline: what else a machine does is not the test's fault, and tests of growth count steps."""

BUDGET = settings(max_examples=int(_EXAMPLES or "100"), suppress_health_check=list(HealthCheck))
"""A test's share of `make test`; `make fuzz` sets FUZZ_EXAMPLES and goes round until its time is over."""


def told(action: Callable[[], object]) -> str | None:
    """Return what a user is told; None where all is well. Any other exception fails the test."""
    try:
        action()
    except (Problem, Unreadable) as problem:
        return str(problem)
    return None
