"""What a test measured beside its limit, and what it counted: listed at the end of the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from _pytest.terminal import TerminalReporter

MEASURED, COUNTED = "measured", "counted"
"""Of the report's user properties, which xdist's workers hand on."""

BESIDE_OTHERS = 6
"""How many times a limit that is meant for a machine that does nothing else is allowed while other tests run.

Three workers share two cores here, and a CI machine may be half as quick: what comes back in 1 s alone took 5 s there.
"""

Measured = Callable[[str, float, float], None]
Counted = Callable[[str], None]


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Give what keeps a measurement: what it is of, the seconds it took, and the limit in seconds.

    The limit is for a machine that does nothing else; a test that does not run alone has `BESIDE_OTHERS` times as long.
    A measurement over that fails the test, and is listed too.
    """
    margin = 1 if request.node.get_closest_marker("alone") else BESIDE_OTHERS

    def keep(what: str, seconds: float, limit: float) -> None:
        request.node.user_properties.append((MEASURED, [what, float(seconds), float(limit)]))
        assert seconds < limit * margin, f"{what}: {seconds:.2f} s, and the limit is {limit:g} s, {margin} times"

    return keep


@pytest.fixture
def counted(request: pytest.FixtureRequest) -> Counted:
    """Give what keeps how much a test went through, in words."""
    return lambda what: request.node.user_properties.append((COUNTED, what))


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """List every measurement beside its limit, and every count."""
    for title, lines in ((MEASURED, list(measurements(terminalreporter))), (COUNTED, list(counts(terminalreporter)))):
        if lines:
            terminalreporter.section(title)
            for line in lines:
                terminalreporter.write_line(line)


def measurements(reporter: TerminalReporter) -> Iterator[str]:
    """Give a line for each measurement of a run."""
    for what, seconds, limit in sorted(kept(reporter, MEASURED)):
        yield f"{seconds:8.2f} s of {limit:3g} s  {what}"


def counts(reporter: TerminalReporter) -> Iterator[str]:
    """Give a line for each count of a run."""
    yield from sorted(kept(reporter, COUNTED))


def kept(reporter: TerminalReporter, wanted: str) -> list[Any]:
    """Return what the tests of a run kept under a name, xdist's workers included."""
    return [
        value
        for reports in reporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for key, value in report.user_properties
        if key == wanted
    ]
