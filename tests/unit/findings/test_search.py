"""A finding is found by what somebody has in front of him: a code, a banner, a log line, a status, some words."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from raven_realtime.cli import app, mount
from raven_realtime.findings import Entry, catalogue
from raven_realtime.findings.search import MOST, nearest, search


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ("RT008", "RT008"),
        ("rt8", "RT008"),
        ("8", "RT008"),
        ("RT010", "RT009"),
        ("Realtime events are not working", "RT001"),
        ("Realtime events are not working. Please try refreshing the page.", "RT001"),
        ("System Health Report", "RT001"),
        ("Socket.IO heartbeat", "RT001"),
        ("1006", "RT023"),
        ("Invalid origin", "RT008"),
        ('44/site,{"message":"Invalid namespace"}', "RT009"),
        ("502", "RT002"),
        ("504 Gateway Timeout", "RT004"),
        ("connect() failed (111: Connection refused) while connecting to upstream, client: 10.0.0.7", "RT002"),
        ("1024 worker_connections are not enough", "RT029"),
        ("Unauthorized: TypeError: fetch failed", "RT012"),
        ("Access to XMLHttpRequest has been blocked by CORS policy", "RT019"),
        ("net::ERR_NAME_NOT_RESOLVED", "RT034"),
        ("messages twice", "RT031"),
        ("guest", "RT011"),
    ],
)
def test_the_first_match(asked: str, first: str) -> None:
    found = search(asked)
    assert found[0].entry.code == first
    assert len(found) <= MOST


def test_every_finding_behind_a_status_is_among_the_matches() -> None:
    assert {match.entry.code for match in search("502")} >= {"RT002", "RT018", "RT020", "RT030", "RT105"}


@pytest.mark.parametrize("entry", catalogue().values(), ids=catalogue().keys())
def test_what_is_said_of_a_finding_leads_to_it(entry: Entry) -> None:
    assert len(set(entry.said)) == len(entry.said)
    assert search(entry.title)[0].entry is entry
    for said in entry.said:
        assert any(entry.code == match.entry.code for match in search(said)), said


@pytest.mark.parametrize("asked", ["zzzz", "RT999", "", "?!", "the"])
def test_what_fits_nothing_finds_nothing(asked: str) -> None:
    assert search(asked) == []


def test_the_nearest_is_suggested() -> None:
    assert nearest("Invald orgin")[0] == "Invalid origin (RT008)"
    assert nearest("zzzzzzzz") == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["Invalid", "origin"], 0, "`raven-realtime explain RT008` tells more"),
        (["RT008"], 0, "# RT008: Origin refused"),
        (["RT008x"], 1, "Did you mean: RT008 (RT008)"),
        (["no", "such", "thing", "qqqq"], 1, "`raven-realtime explain` lists all."),
        ([], 0, "Origin refused"),
    ],
)
def test_the_command(words: list[str], code: int, said: str) -> None:
    result = CliRunner().invoke(mount(app, "explain"), ["explain", *words])
    assert result.exit_code == code
    assert said in result.output
