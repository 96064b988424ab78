"""Our evaluator against the real HAProxy, on generated configurations and requests: no disagreement is allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raven_realtime.proxies.haproxy import conditions, read, rules
from raven_realtime.proxies.haproxy.read import HAProxy
from raven_realtime.proxies.interface import Answered, Passed, Redirected, Undecided
from tests.haproxy.generated import Asked, disagreements, record
from tests.measured import Counted
from toolchain import newest


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    return record(2026, 64, 8, tmp_path_factory.mktemp("haproxy"))


def test_no_disagreement(asked: list[Asked]) -> None:
    assert len(asked) >= 500
    wrong = disagreements(asked)
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:5])


def test_no_disagreement_with_the_newest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(newest.program("haproxy").parent), prepend=":")
    asked = record(2026, 64, 8, tmp_path)
    assert len(asked) >= 500
    assert disagreements(asked) == []


def test_the_cases_are_not_all_alike(asked: list[Asked]) -> None:
    outcomes = Counter(type(read.read(each.text, "x").handle(each.request)) for each in asked)
    assert outcomes[Passed] > 0.25 * len(asked)
    assert min(outcomes[Answered], outcomes[Redirected]) >= 20
    assert not outcomes[Undecided]
    assert sum(each.reply.status == 101 for each in asked) >= 20


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_no_disagreement_in_volume(tmp_path: Path, counted: Counted) -> None:
    asked = record(7, 630, 8, tmp_path)
    counted(f"HAProxy: {len(asked):,} cases of a configuration and a request")
    assert len(asked) >= 5_000
    wrong = disagreements(asked)
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:5])


BROKEN: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "conditions always hold": (rules, "holds", lambda words, acls, exchange: True),
    "each term of a condition holds": (conditions, "_holds", lambda term, acls, exchange: True),
    "rules do nothing": (rules, "_act", lambda words, exchange, line: None),
    "X-Forwarded-For is not added": (read, "_forwarded_for", lambda frontend, backend, exchange: None),
    "there is only the default": (HAProxy, "_backend", lambda self, frontend, exchange: frontend),
    "words are not looked for in words": (conditions, "within", lambda pattern, given, delimiters: pattern in given),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_evaluator_is_found_out(asked: list[Asked], monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    owner, name, broken = BROKEN[fault]
    monkeypatch.setattr(owner, name, broken)
    assert disagreements(asked)
