"""Ask the hops in order, and none behind a broken one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from raven_realtime.hops.result import Outcome, Result


@dataclass(frozen=True)
class Step:
    """One check of a walk."""

    hop: str
    """The name its result will have."""
    ask: Callable[[], Awaitable[Result]]


async def walk(
    steps: Iterable[Step],
    report: Callable[[Result], None] = lambda _: None,
    begin: Callable[[Step], None] = lambda _: None,
) -> list[Result]:
    """Run the steps in their order; after the first that fails the later ones are skipped, with the reason.

    Args:
        steps: outermost first.
        report: called with each result as it is there.
        begin: called with each step before it is asked.
    """
    results: list[Result] = []
    broken = ""
    for step in steps:
        if broken:
            result = Result.skipped(step.hop, broken)
        else:
            begin(step)
            result = await step.ask()
        if result.outcome is Outcome.FAIL:
            broken = result.hop
        report(result)
        results.append(result)
    return results
