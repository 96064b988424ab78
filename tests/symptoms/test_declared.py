"""The same fault has the same code, declared and live: `lint` says of the files what the doctor says of the servers."""

from __future__ import annotations

from pathlib import Path as File

import pytest

from raven_realtime.declared import judge
from raven_realtime.declared.files import read
from raven_realtime.findings.entry import Finding, Level
from tests.symptoms.files import write
from tests.symptoms.listing import symptoms
from tests.symptoms.path import Path

IN_NO_FILE = {
    2: "the realtime process does not run",
    3: "a firewall",
    4: "a dropped address stands for a Docker network; tests/policies/fixtures/traefik_network.py declares one",
    12: "what the process trusts is in its environment",
    19: "the page is on another origin, which no file of this host names",
    20: "redis does not run",
    21: "where the process listens is in its environment",
    23: "Traefik 2.11.1; the nginx that stands for it has a short timeout, which is RT022 in a file",
    24: "a switch in Traefik's environment",
    27: "ngrok's plan",
    28: "ngrok's account",
    30: "what a name meant when nginx started",
    31: "what the process subscribes to is in its program",
    32: "what joins two processes is in their program",
}
EACH = symptoms()


def said_of(path: Path, folder: File) -> list[Finding]:
    reading = read(write(path, folder))
    assert [problem.value for problem in reading.problems] == []
    return judge(reading.world)


@pytest.mark.parametrize("name", [name for name, symptom in EACH.items() if symptom.number not in IN_NO_FILE])
def test_the_linter_says_the_same(name: str, tmp_path: File) -> None:
    symptom = EACH[name]
    found = said_of(symptom.broken_path, tmp_path)
    assert symptom.code in {each.code for each in found}
    others = [each for each in found if each.level is Level.ERROR and each.code != symptom.code]
    assert others == [], "one cause, one finding"


@pytest.mark.parametrize("name", EACH)
def test_it_is_quiet_about_the_mended_twin(name: str, tmp_path: File) -> None:
    symptom = EACH[name]
    found = said_of(symptom.mended_path, tmp_path)
    assert [each for each in found if each.level is not Level.NOTE or each.code == symptom.code] == []


def test_what_is_in_no_file_is_a_symptom() -> None:
    assert IN_NO_FILE.keys() <= {symptom.number for symptom in EACH.values()}
