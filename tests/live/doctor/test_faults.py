"""The doctor and the checks say the same of the same fault, and nothing of a healthy path."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from raven_realtime.live import Outcome
from raven_realtime.live.doctor import journey
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.journey import Question, diagnose
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Credentials, Target
from tests.live.conftest import StartNginx
from tests.live.doctor.promptness import within
from tests.live.test_nginx_faults import TABLE

HEALTHY_SECONDS = 5.0
"""Within this a healthy path is judged, without --hold; the event included."""


def walked(question: Question) -> Diagnosis:
    return asyncio.run(diagnose(question))


TYPICAL = {
    "no location, so the web answers",
    "nothing on the upstream's port",
    "no Upgrade header",
    "Origin is passed on as it came",
    "another site's header",
    "the cookie is dropped",
}


@pytest.mark.parametrize(
    ("check", "code", "location"),
    [pytest.param(*row, id=name, marks=() if name in TYPICAL else pytest.mark.full) for name, row in TABLE.items()],
)
def test_the_verdict_is_the_checks(
    nginx: StartNginx, login: tuple[Credentials, Publisher], check: str, code: str, location: str | None
) -> None:
    target = nginx(location)
    question = Question(target, hold_seconds=5 if code == "RT022" else 0)
    if check == "event":
        question = replace(
            question, target=replace(target, credentials=login[0]), publisher=login[1], channel="general"
        )
    diagnosis = walked(question)
    assert diagnosis.verdict is not None
    assert diagnosis.verdict[1].code == code, diagnosis
    assert diagnosis.path[diagnosis.verdict[1].entry.hop] == "broken"
    failed = [result.outcome for result in diagnosis.results].index(Outcome.FAIL)
    assert {result.outcome for result in diagnosis.results[failed + 1 :]} <= {Outcome.SKIPPED}


@pytest.fixture
def login(
    credentials: Credentials, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> tuple[Credentials, Publisher]:
    monkeypatch.setattr(journey, "STAY_SECONDS", 1.5)
    return credentials, publisher


@pytest.mark.alone
@pytest.mark.parametrize("channel", ["general", ""])
def test_a_healthy_path_with_an_event_in_under_five_seconds(
    nginx: StartNginx, credentials: Credentials, publisher: Publisher, channel: str
) -> None:
    target = replace(nginx(), credentials=credentials)
    question = Question(target, publisher=publisher, channel=channel)
    diagnosis = within(HEALTHY_SECONDS, lambda: walked(question), lambda walk: walk.seconds)
    assert diagnosis.healthy, diagnosis
    assert {found.code for _, found in diagnosis.findings} <= {"RT017"}
    assert not diagnosis.unchecked
    assert set(diagnosis.path.values()) == {"proven"}


@pytest.mark.alone
def test_a_healthy_path_without_credentials_in_under_five_seconds(nginx: StartNginx) -> None:
    question = Question(nginx())
    diagnosis = within(HEALTHY_SECONDS, lambda: walked(question), lambda walk: walk.seconds)
    assert diagnosis.healthy, diagnosis
    assert [result.hop for result in diagnosis.unchecked] == ["room", "event"]
    port = "RT017 The public URL has a port of its own"
    assert diagnosis.sentence == f"No hop is broken, but: {port}. Not checked: room, event."


def test_a_healthy_path_with_credentials_and_no_bench(nginx: StartNginx, credentials: Credentials) -> None:
    diagnosis = walked(Question(replace(nginx(), credentials=credentials), channel="general"))
    assert diagnosis.healthy, diagnosis
    assert [result.hop for result in diagnosis.unchecked] == ["event"]


def test_another_server_than_the_one_to_be_like(nginx: StartNginx) -> None:
    other = nginx('return 200 \'0{"sid":"abcdefgh","upgrades":[],"pingInterval":1,"pingTimeout":1,"maxPayload":1}\';')
    diagnosis = walked(Question(nginx(), like=other))
    assert diagnosis.verdict is not None
    assert (diagnosis.verdict[0], diagnosis.verdict[1].code) == ("engine", "RT039")


def test_a_place_to_be_like_that_does_not_answer_is_named(nginx: StartNginx) -> None:
    diagnosis = walked(Question(nginx(), like=Target.parse("127.0.0.1:1")))
    result = next(one for one in diagnosis.results if one.hop == "engine")
    assert result.outcome is Outcome.FAIL
    assert result.summary.startswith("--like http://127.0.0.1:1: ")


def test_a_page_in_development_mode(nginx: StartNginx) -> None:
    page = "location = / { default_type text/html; return 200 '<script>window.dev_server = 1;</script>'; }"
    diagnosis = walked(Question(nginx(server=page)))
    assert diagnosis.verdict is not None
    assert (diagnosis.verdict[0], diagnosis.verdict[1].code) == ("edge", "RT014")


def test_the_remedy_fits_the_stack_that_was_seen(nginx: StartNginx) -> None:
    diagnosis = walked(Question(nginx("return 504;")))
    assert diagnosis.stacks == ("nginx",)
    assert diagnosis.verdict is not None
    assert "On nginx:" in diagnosis.verdict[1].todo
    assert "On Traefik:" not in diagnosis.verdict[1].todo
