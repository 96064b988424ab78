"""Each decision of the verdict has a case where it decides and one where it does not."""

from __future__ import annotations

import pytest

from raven_realtime.findings import Finding, explain
from raven_realtime.live.doctor.verdict import DECISIONS, Evidence, decide
from raven_realtime.live.result import Result


def failed(check: str, code: str, status: int = 0, stack: str = "", **found: object) -> Result:
    finding: Finding = explain(code).found("seen", **found)  # type: ignore[arg-type]
    return Result.of(check, f"HTTP {status}", finding, status=status, stack=stack)


def passed(check: str, **facts: object) -> Result:
    return Result.of(check, "said", **facts)


PAGE_503, PAGE_502, PAGE_429 = (
    failed("edge", "RT044", 503),
    failed("edge", "RT044", 502, "nginx"),
    failed("edge", "RT047", 429),
)
WANTS = failed("connect", "RT012")

CASES: dict[str, tuple[str, list[Result], str]] = {
    "maintenance before both": ("the_whole_site_is_refused", [PAGE_503, failed("handshake", "RT002", 503)], "RT047"),
    "a limit before both": ("", [PAGE_429, failed("handshake", "RT037", 429)], "RT047"),
    "Traefik has nobody for either": (
        "the_page_is_away_with_everything_else",
        [failed("edge", "RT044", 503, "traefik"), failed("handshake", "RT002", 503, "traefik")],
        "RT002",
    ),
    "a whole server is away": (
        "the_page_is_away_with_everything_else",
        [PAGE_502, failed("handshake", "RT002", 502)],
        "RT002",
    ),
    "only the web is away": ("", [PAGE_502, passed("handshake", status=200), WANTS], "RT044"),
    "what a container causes": (
        "a_check_on_the_server_sees_it_cause_this",
        [failed("handshake", "RT001"), failed("containers", "RT002", hop="proxy", causes=("RT001",))],
        "RT002",
    ),
    "what another container would cause": ("", [failed("handshake", "RT001"), failed("containers", "RT002")], "RT001"),
    "the callback, seen from inside": (
        "a_look_inside_explains_it",
        [failed("connect", "RT046"), failed("callback", "RT012")],
        "RT012",
    ),
    "redis, behind a silent CONNECT": (
        "a_look_inside_explains_it",
        [failed("connect", "RT046"), failed("redis", "RT020")],
        "RT020",
    ),
    "another redis, where the secret is read": (
        "a_look_inside_explains_it",
        [Result.of("connect", "said", explain("RT045").found("seen"), secret=True), failed("redis", "RT021")],
        "RT021",
    ),
    "another redis, where there is no secret": ("", [WANTS, failed("redis", "RT021")], "RT012"),
    "the path is changed, and the small nginx is not full": (
        "a_check_on_the_server_sees_it_cause_this",
        [
            failed("handshake", "RT038"),
            Result.of(
                "configuration",
                "said",
                explain("RT007").found("seen", causes=("RT038",)),
                explain("RT029").found("seen"),
            ),
            passed("upstream"),
        ],
        "RT007",
    ),
}


@pytest.mark.parametrize(("decision", "results", "code"), CASES.values(), ids=CASES.keys())
def test_decision(decision: str, results: list[Result], code: str) -> None:
    pairs = tuple((result.hop, found) for result in results for found in result.findings)
    evidence = Evidence(results, pairs)
    verdict = decide(evidence)
    assert verdict is not None
    assert verdict[1].code == code
    deciding = [one.__name__ for one in DECISIONS if one(evidence, pairs[0]) is not None]
    assert deciding[:1] == ([decision] if decision else [])


def test_every_decision_has_a_case() -> None:
    assert {one.__name__ for one in DECISIONS} == {decision for decision, _, _ in CASES.values() if decision}


def test_a_note_decides_nothing() -> None:
    note = explain("RT063").found("seen")
    assert decide(Evidence([Result.of("versions", "said", note)], (("versions", note),))) is None
