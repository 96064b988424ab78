"""Deadlines with a recorded margin: what a test measured and its limit, listed at the end of the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from _pytest.terminal import TerminalReporter

KEY = "measured"
"""Of the report's user properties, which xdist's workers hand on."""

Measured = Callable[[str, float, float], None]


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Give what keeps a measurement: what it is of, the seconds it took, and the limit in seconds, which it holds.

    A measurement over its limit fails the test, and is listed too.
    """

    def keep(what: str, seconds: float, limit: float) -> None:
        request.node.user_properties.append((KEY, [what, float(seconds), float(limit)]))
        assert seconds < limit, f"{what}: {seconds:.2f} s, and the limit is {limit:g} s"

    return keep


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """List every measurement beside its limit."""
    found: list[Any] = [
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for key, value in report.user_properties
        if key == KEY
    ]
    if not found:
        return
    terminalreporter.section("measured")
    for what, seconds, limit in sorted(found):
        terminalreporter.write_line(f"{seconds:8.2f} s of {limit:3g} s  {what}")
