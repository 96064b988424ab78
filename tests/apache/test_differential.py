"""Our evaluator against the real Apache, on generated configurations and requests: no disagreement is allowed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from raven_realtime.proxies.apache import access, handling, headers, read, redirecting, rewriting
from raven_realtime.proxies.interface import Answered, Passed, Redirected, Undecided
from tests.apache.generated import Asked, disagreements, record
from tests.measured import Counted


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    return record(2026, 64, 8, tmp_path_factory.mktemp("apache"))


def test_no_disagreement(asked: list[Asked]) -> None:
    assert len(asked) >= 500
    wrong = disagreements(asked)
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:5])


def test_the_cases_are_not_all_alike(asked: list[Asked]) -> None:
    outcomes = Counter(type(read.read(each.text, "x").handle(each.request)) for each in asked)
    assert outcomes[Passed] > 0.25 * len(asked)
    assert min(outcomes[Answered], outcomes[Redirected]) >= 10
    assert not outcomes[Undecided]
    assert sum(each.reply.status == 101 for each in asked) >= 10


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_no_disagreement_in_volume(tmp_path: Path, counted: Counted) -> None:
    asked = record(7, 630, 8, tmp_path)
    counted(f"Apache: {len(asked):,} cases of a configuration and a request")
    assert len(asked) >= 5_000
    wrong = disagreements(asked)
    assert not wrong, f"{len(wrong)} of {len(asked)}:\n" + "\n".join(wrong[:5])


BROKEN: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "prefixes are no segments": (handling, "covered", lambda path, prefix: len(prefix) * path.startswith(prefix)),
    "every scheme relays an upgrade": (handling, "_relays", lambda scheme, wanted, version: True),
    "workers are not shared": (handling, "worker_for", lambda found, wanted: None),
    "Host is always kept": (handling, "_preserves_host", lambda exchange: True),
    "rules do nothing": (rewriting, "rewrite", lambda found, exchange, section=False: None),
    "conditions always hold": (rewriting, "_conditions", lambda conditions, groups, state, exchange: ()),
    "RequestHeader does nothing": (headers, "change", lambda lines, exchange, early: None),
    "everybody may come in": (access, "check", lambda layers, exchange: access.Access()),
    "the first virtual host answers": (handling, "choose", lambda servers, port, host: servers[1]),
    "nothing is redirected": (redirecting, "redirected", lambda lines, exchange: None),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_evaluator_is_found_out(asked: list[Asked], monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    owner, name, broken = BROKEN[fault]
    monkeypatch.setattr(owner, name, broken)
    assert disagreements(asked)
