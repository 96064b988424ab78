"""Systems of the field, rebuilt small: what a person would act on is named, and nothing else is called an error."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from raven_realtime.declared import judge
from raven_realtime.declared.files import read
from raven_realtime.findings.entry import Level

HERE = Path(__file__).parent
RANK = {Level.NOTE: 0, Level.WARNING: 1, Level.ERROR: 2}
E, W, N = Level.ERROR, Level.WARNING, Level.NOTE


@dataclass(frozen=True)
class Wanted:
    """What has to be said of a system."""

    said: tuple[tuple[str, Level], ...]
    """Codes, each with the least level that will do."""
    beside: frozenset[str] = frozenset()
    """What else may be called an error."""


def faulty(*said: tuple[str, Level], beside: str = "") -> Wanted:
    return Wanted(said, frozenset(beside.split()))


FAULTY = {
    "01": faulty(("RT008", E)),
    "04": faulty(("RT012", E)),
    "06": faulty(("RT011", W)),
    "08": faulty(("RT012", W), ("RT014", N)),
    "10": faulty(("RT012", W)),
    "13": faulty(("RT001", E)),
    "16": faulty(("RT008", E)),
    "18": faulty(("RT008", E), beside="RT009 RT012 RT016"),
    "20": faulty(("RT008", E), ("RT016", E)),
    "22": faulty(("RT008", E), ("RT014", N), beside="RT009 RT011 RT012"),
    "25": faulty(("RT011", W)),
    "28": faulty(("RT017", W), ("RT012", W)),
    "31": faulty(("RT025", E)),
    "33": faulty(("RT007", E)),
    "35": faulty(("RT025", W)),
    "39": faulty(("RT007", W)),
    "41": faulty(("RT104", E)),
    "44": faulty(("RT006", W)),
    "47": faulty(("RT025", E)),
    "48": faulty(("RT117", W)),
    "52": faulty(("RT008", W)),
    "55": faulty(("RT026", W)),
    "57": faulty(("RT118", W)),
    "80": faulty(("RT003", E)),
    "81": faulty(("RT003", E)),
    "82": faulty(("RT020", E)),
    "83": faulty(("RT009", E), ("RT017", W)),
    "84": faulty(("RT001", E)),
    "91": faulty(("RT025", E)),
    "100": faulty(("RT008", E)),
    "102": faulty(("RT016", E)),
    "103": faulty(("RT008", E)),
    "104": faulty(("RT006", E), ("RT032", E)),
    "105": faulty(("RT016", E)),
    "107": faulty(("RT008", E)),
    "109": faulty(("RT001", E)),
    "110": faulty(("RT012", E)),
    "111": faulty(("RT001", E)),
    "112": faulty(("RT008", E)),
    "115": faulty(("RT022", E)),
    "116": faulty(("RT025", E), ("RT017", W)),
    "117": faulty(("RT006", E)),
    "118": faulty(("RT026", W)),
    "119": faulty(("RT006", E)),
    "120": faulty(("RT006", E)),
    "121": faulty(("RT006", W)),
    "122": faulty(("RT011", W)),
    "124": faulty(("RT001", E)),
    "125": faulty(("RT011", W), ("RT026", W)),
    "126": faulty(("RT007", W)),
    "127": faulty(("RT026", W)),
    "129": faulty(("RT025", E)),
    "131": faulty(("RT001", E)),
    "134": faulty(("RT007", E), ("RT008", E)),
    "135": faulty(("RT007", E)),
    "136": faulty(("RT007", W)),
    "137": faulty(("RT001", E)),
    "138": faulty(("RT008", E), ("RT103", W)),
    "139": faulty(("RT001", E)),
    "142": faulty(("RT001", E)),
    "145": faulty(("RT012", E)),
    "147": faulty(("RT025", E)),
    "149": faulty(("RT025", E)),
    "152": faulty(("RT025", E)),
    "153": faulty(("RT022", E)),
}
HEALTHY = {
    "27": {},
    "38": {},
    "42": {"RT119": N},
    "46": {},
    "58": {"RT011": N},
    "61": {},
    "62": {"RT011": W},
    "63": {},
    "65": {},
    "67": {},
    "69": {"RT011": W},
    "70": {},
    "71": {},
    "73": {},
    "74": {},
    "76": {},
    "77": {"RT011": N},
    "85": {"RT116": N},
    "86": {"RT011": N},
    "87": {},
    "88": {"RT011": N},
    "89": {"RT011": N},
    "90": {},
    "101": {},
    "106": {},
    "108": {},
    "113": {},
    "114": {},
    "123": {},
    "128": {},
    "130": {},
    "132": {},
    "133": {},
    "140": {},
    "141": {},
    "143": {},
    "144": {},
    "146": {},
    "148": {},
    "150": {},
    "151": {},
    "154": {},
}
NOT_FRAPPE = ("31", "33", "35", "38", "46", "70", "71", "73", "74", "76", "87", "90", "91")
"""Systems of which nothing says that Frappe is behind them: Frappe's own rules have no word to say there."""
FRAPPES_RULES = {"RT008", "RT009", "RT011", "RT012", "RT016", "RT017", "RT018"}


def folder(number: str) -> str:
    return str(next(HERE.glob(f"{number}-*")))


def levels(number: str) -> dict[str, Level]:
    """Return the worst level of each code that is said of a system."""
    reading = read([folder(number)])
    assert [problem.value for problem in reading.problems] == []
    found: dict[str, Level] = {}
    for finding in judge(reading.world):
        found[finding.code] = max(found.get(finding.code, Level.NOTE), finding.level, key=RANK.__getitem__)
    return found


def test_every_case_has_its_row() -> None:
    assert sorted(each.name.partition("-")[0] for each in HERE.glob("[0-9]*-*")) == sorted([*FAULTY, *HEALTHY])


@pytest.mark.parametrize("number", FAULTY)
def test_the_fault_is_named(number: str) -> None:
    wanted, found = FAULTY[number], levels(number)
    missing = [
        (code, least) for code, least in wanted.said if RANK[found.get(code, N)] < RANK[least] or code not in found
    ]
    assert missing == [], found
    named = {code for code, _ in wanted.said} | wanted.beside
    assert {code for code, level in found.items() if level is E} <= named


@pytest.mark.parametrize("number", HEALTHY)
def test_a_healthy_system_is_left_in_peace(number: str) -> None:
    expected: dict[str, Level] = HEALTHY[number]
    found = levels(number)
    assert {code: level for code, level in found.items() if level is not N and code not in expected} == {}
    assert {code: found.get(code) for code in expected} == expected


@pytest.mark.parametrize("number", NOT_FRAPPE)
def test_frappes_rules_only_where_frappe_is(number: str) -> None:
    assert set(levels(number)) & FRAPPES_RULES == set()
