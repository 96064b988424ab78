"""The doctor and the checks say the same of the same fault, and nothing of a healthy path."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from raven_realtime.live import Outcome, bundles
from raven_realtime.live.doctor import journey
from raven_realtime.live.doctor.diagnosis import Diagnosis
from raven_realtime.live.doctor.journey import Question, diagnose
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Credentials, Target
from tests.live.conftest import HEALTHY, StartNginx
from tests.live.doctor.promptness import within
from tests.live.test_nginx_faults import TABLE

MOST_REQUESTS = 50
"""What a walk without credentials asks at most, a page with many scripts of its own included."""
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


def test_a_walk_without_credentials_asks_little(nginx: StartNginx, tmp_path: Path) -> None:
    log = tmp_path / "asked.log"
    diagnosis = walked(Question(nginx(http="log_format one '$request';", server=f"access_log {log} one;")))
    assert diagnosis.healthy, diagnosis
    asked = [line for line in log.read_text().splitlines() if "/assets/" not in line and "/ping" not in line]
    assert 10 < len(asked) <= MOST_REQUESTS - bundles.MOST_SCRIPTS, asked


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


@pytest.mark.parametrize(
    ("location", "page", "code", "at_fault"),
    [
        (HEALTHY, "return 502;", "RT044", "web"),
        ("return 503;", "return 503;", "RT047", "edge"),
        ("return 429;", "return 429;", "RT047", "edge"),
        ("return 502;", "return 502;", "RT002", "realtime"),
    ],
    ids=["only the web is away", "maintenance", "a limit", "all of it is away"],
)
def test_a_page_that_is_away(nginx: StartNginx, location: str, page: str, code: str, at_fault: str) -> None:
    diagnosis = walked(Question(nginx(location, server=f"location = / {{ {page} }}")))
    assert diagnosis.verdict is not None
    assert (diagnosis.verdict[1].code, diagnosis.verdict[1].at_fault) == (code, at_fault), diagnosis.results


def test_the_site_is_the_pages(nginx: StartNginx) -> None:
    boot = '<script>frappe.boot={"sitename":"raven.localhost"}</script>'
    page = f"location = / {{ default_type text/html; return 200 '{boot}'; }}"
    diagnosis = walked(Question(replace(nginx(server=page), site="")))
    assert diagnosis.healthy, diagnosis.results
    assert diagnosis.target.site == "raven.localhost"


def test_a_page_that_names_another_site_than_the_realtime_process(nginx: StartNginx) -> None:
    page = """location = / { default_type text/html; return 200 '<script>window.site_name="Acme"</script>'; }"""
    by_host = HEALTHY.replace("raven.localhost", "127.0.0.1")
    diagnosis = walked(Question(replace(nginx(by_host, server=page), site="")))
    assert diagnosis.healthy, diagnosis.results
    assert diagnosis.target.site == ""


def test_a_bench_that_is_not_there_is_not_checked(nginx: StartNginx, credentials: Credentials, tmp_path: Path) -> None:
    publisher = Publisher(tmp_path, "raven.localhost", "no-such-bench")
    diagnosis = walked(Question(replace(nginx(), credentials=credentials), publisher=publisher))
    assert diagnosis.healthy, diagnosis.results
    assert [result.summary for result in diagnosis.unchecked] == [
        "no-such-bench cannot be run: No such file or directory: give --bench-command"
    ]


def test_a_sid_that_is_no_session_is_noticed(nginx: StartNginx) -> None:
    diagnosis = walked(Question(replace(nginx(), credentials=Credentials(sid="0" * 40))))
    assert diagnosis.verdict is not None
    assert (diagnosis.verdict[0], diagnosis.verdict[1].code) == ("connect", "RT042")
