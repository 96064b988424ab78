"""The walk's order, what is skipped, and how results are said."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace

import pytest

from raven_realtime.findings import explain
from raven_realtime.live import HOPS, Outcome, Result, checks
from raven_realtime.live.checks import engine
from raven_realtime.live.report import ResultReport, line, verdict
from raven_realtime.live.walk import Step, walk

PASS = Result.of("a", "fine")
WARN = Result.of("b", "so so", explain("RT017").found("a port"))
FAIL = Result.of("c", "bad", explain("RT008").found("seen"))
UNCHECKED = Result.not_checked("d", "no credentials")


def step(result: Result) -> Step:
    async def ask() -> Result:
        return result

    return Step(result.hop, ask)


@pytest.mark.parametrize(
    ("results", "outcomes"),
    [
        ([PASS, WARN, PASS], ["pass", "warn", "pass"]),
        ([PASS, FAIL, PASS, WARN], ["pass", "fail", "skipped", "skipped"]),
        ([UNCHECKED, PASS], ["not checked", "pass"]),
        ([], []),
    ],
    ids=["warnings go on", "a failure ends it", "what was not checked goes on", "nothing"],
)
def test_walk(results: list[Result], outcomes: list[str]) -> None:
    said: list[Result] = []
    assert [result.outcome for result in asyncio.run(walk(map(step, results), said.append))] == outcomes
    assert [result.outcome for result in said] == outcomes


def test_nothing_is_asked_behind_a_failure() -> None:
    def never() -> Awaitable[Result]:
        raise AssertionError("asked")

    results = asyncio.run(walk([step(FAIL), Step("later", never)]))
    assert results[1].summary == "skipped: c failed"


def waiting(result: Result, behind: list[Step], *, ended: bool = False) -> tuple[list[str], list[str]]:
    """Walk a step that waits until those behind it were asked; return the outcomes and what was said, in order."""
    asked = asyncio.Event()
    said: list[str] = []

    async def wait() -> Result:
        await asked.wait()
        said.append("waited")
        return result

    async def last() -> Result:
        asked.set()
        if not ended:
            await asyncio.Event().wait()
        return PASS

    steps = [Step(result.hop, wait, waits=True), *behind, Step(PASS.hop, last)]
    results = asyncio.run(walk(steps, lambda each: said.append(each.outcome)))
    return [each.outcome for each in results], said


@pytest.mark.parametrize(
    ("result", "ended", "outcomes"),
    [
        (PASS, True, ["pass", "warn", "pass"]),
        (WARN, True, ["warn", "warn", "pass"]),
        (FAIL, True, ["fail", "skipped", "skipped"]),
        (FAIL, False, ["fail", "skipped", "skipped"]),
    ],
    ids=["passed", "warned", "failed last", "failed first"],
)
def test_what_is_behind_a_wait_is_asked_meanwhile_and_said_after_it(
    result: Result, ended: bool, outcomes: list[str]
) -> None:
    assert waiting(result, [step(WARN)], ended=ended) == (outcomes, ["waited", *outcomes])


def test_of_two_failures_the_outer_counts() -> None:
    async def wait() -> Result:
        await asyncio.sleep(0.01)
        return replace(FAIL, hop="outer")

    results = asyncio.run(walk([Step("outer", wait, waits=True), step(FAIL), step(PASS)]))
    assert [result.summary for result in results] == ["bad", "skipped: outer failed", "skipped: outer failed"]


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (PASS, "✓ a  fine"),
        (WARN, "! b  so so"),
        (FAIL, "✗ c  bad"),
        (UNCHECKED, "? d  not checked: no credentials"),
        (Result.skipped("e", "c"), "- e  skipped: c failed"),
    ],
)
def test_line(result: Result, said: str) -> None:
    assert line(result) == said


def test_verdict_names_hop_code_evidence_remedy_and_page() -> None:
    said = verdict(explain("RT008").found("CONNECT → “Invalid origin”", remedy="one\ntwo"), "connect (public)")
    assert said.splitlines() == [
        "RT008 Origin refused (found by connect (public); at fault: proxy)",
        "  seen: CONNECT → “Invalid origin”",
        "  do:   one",
        "        two",
        "  more: raven-realtime explain RT008",
    ]


def test_json_holds_the_findings() -> None:
    said = ResultReport.of(FAIL)
    assert (said.outcome, said.findings[0].code) == ("fail", "RT008")
    assert ResultReport.model_validate_json(said.model_dump_json()) == said


def parameters(**changed: object) -> Result:
    known = {"pingInterval": 25000, "pingTimeout": 20000, "maxPayload": 1000000, "upgrades": ["websocket"]}
    return Result.of("handshake (public)", "", **{**known, **changed})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "pingInterval 25000, pingTimeout 20000, maxPayload 1000000, upgrades websocket"),
        ({"pingInterval": 1}, "pingInterval 1 here, 25000 there"),
        ({"upgrades": []}, "upgrades [] here, ['websocket'] there"),
    ],
)
def test_engine_parameters(changed: dict[str, object], said: str) -> None:
    result = engine.compare(parameters(**changed), parameters())
    assert (result.hop, result.summary) == ("engine (public)", said)
    assert result.outcome is (Outcome.FAIL if changed else Outcome.PASS)


def test_checks_are_ordered_and_complete() -> None:
    found = checks()
    assert " ".join(found) == (
        "name tcp tls edge handshake engine session upgrade http2 hold connect room event "
        "containers routers versions configuration upstream listening ports redis callback"
    )
    assert {part for check in found.values() for part in check.through} == set(HOPS)
    assert all(check.title and check.proves.endswith(".") for check in found.values())
    assert len({check.rank for check in found.values()}) == len(found)
