"""Ask the hops in order, and none behind a broken one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from raven_realtime.live.result import Outcome, Result
from raven_realtime.proxies.record import record


@record
class Step:
    """One check of a walk."""

    hop: str
    """The name its result will have."""
    ask: Callable[[], Awaitable[Result]]
    waits: bool = False
    """Whether it mostly waits on purpose: those behind it are asked meanwhile, and count only if it does not fail."""
    beside: bool = False
    """Whether it stands beside the path: those behind it are asked although it failed."""


async def walk(
    steps: Iterable[Step],
    report: Callable[[Result], None] = lambda _: None,
    begin: Callable[[Step], None] = lambda _: None,
) -> list[Result]:
    """Run the steps in their order; after the first on the path that fails the later ones are skipped, with the reason.

    Args:
        steps: outermost first.
        report: called with each result, in the order of the steps, as soon as it counts.
        begin: called with each step before it is asked.
    """
    results: list[Result] = []
    remaining = list(steps)
    while remaining:
        step, *remaining = remaining
        begin(step)
        if step.waits:
            return results + await _meanwhile(step, remaining, report, begin)
        results.append(result := await step.ask())
        report(result)
        if result.outcome is Outcome.FAIL and not step.beside:
            return results + _skipped(remaining, result, report)
    return results


def _skipped(steps: Iterable[Step], broken: Result, report: Callable[[Result], None]) -> list[Result]:
    skipped = [Result.skipped(step.hop, broken.hop) for step in steps]
    for result in skipped:
        report(result)
    return skipped


async def _meanwhile(
    step: Step, behind: list[Step], report: Callable[[Result], None], begin: Callable[[Step], None]
) -> list[Result]:
    """Ask a step that waits, and those behind it at the same time; theirs are held back until it has passed."""
    held: list[Result] = []
    begun: list[Step] = []
    passed = False

    def say(each: Result) -> None:
        (report if passed else held.append)(each)

    def start(each: Step) -> None:
        (begin if passed else begun.append)(each)

    others = asyncio.create_task(walk(behind, say, start))
    try:
        result = await step.ask()
        report(result)
        if result.outcome is Outcome.FAIL:
            return [result, *_skipped(behind, result, report)]
        for each in held:
            report(each)
        passed = True
        for asked in begun[-1:] if not others.done() else []:
            begin(asked)
        return [result, *await others]
    finally:
        others.cancel()
        await asyncio.gather(others, return_exceptions=True)
