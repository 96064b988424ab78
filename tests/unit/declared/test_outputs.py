"""What `lint` prints, for people and for machines."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from raven_realtime.declared.outputs import json_document
from raven_realtime.declared.outputs.xml import element
from raven_realtime.findings.entry import HOME
from tests import golden
from tests.policies.cases import ROOT
from tests.unit.declared.seat import command, lint

HERE = Path(__file__).parent
SEED = (HERE / "seed.conf").read_text()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nginx.conf").write_text(SEED)
    return tmp_path


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("output", ["text", "json", "sarif", "github", "junit", "checkstyle", "svg"])
def test_formats(output: str) -> None:
    ran = lint("nginx.conf", "missing.conf", "--app", "frappe", "-o", output)
    assert ran.code == 2
    golden.hold(HERE / "golden" / f"seed.{output}", ran.out)
    assert "missing.conf: the file cannot be read" in ran.err


@pytest.mark.usefixtures("here")
def test_json_is_of_the_published_schema() -> None:
    schema = json.loads((ROOT / json_document.SCHEMA).read_text())
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(json.loads(lint("nginx.conf", "--app", "frappe", "-o", "json").out))
    assert list(validator.iter_errors({"findings": []})) != []


@pytest.mark.usefixtures("here")
def test_junit_has_a_failure_for_what_fails() -> None:
    suites = ElementTree.fromstring(lint("nginx.conf", "--app", "frappe", "-o", "junit").out)
    suite = suites[0]
    cases = {case.attrib["name"]: case for case in suite}
    failures = [case for case in suite if case.find("failure") is not None]
    assert (suite.attrib["tests"], suite.attrib["failures"]) == (str(len(cases)), str(len(failures)))
    assert [case.attrib["name"][:5] for case in failures] == ["RT008"]
    strict = ElementTree.fromstring(lint("nginx.conf", "--fail-on", "note", "-o", "junit").out)
    assert strict.attrib["tests"] == strict.attrib["failures"]


def test_formats_of_nothing(here: Path) -> None:
    (here / "nginx.conf").write_text("events {}\n")
    assert [
        case.attrib["name"] for case in ElementTree.fromstring(lint("nginx.conf", "-o", "junit").out).iter("testcase")
    ]
    assert list(ElementTree.fromstring(lint("nginx.conf", "-o", "checkstyle").out)) == []
    assert json.loads(lint("nginx.conf", "-o", "json").out)["findings"] == []


def test_xml_of_odd_text() -> None:
    read = ElementTree.fromstring(element("a", {"b": 'x"<&\n\0', "none": None}, text="1 < 2 \x1b[0m"))
    assert (read.attrib, read.text) == ({"b": 'x"<&\n?'}, "1 < 2 ?[0m")


def test_sarif_leads_to_the_pages() -> None:
    urls = re.search(r"^\[project\.urls\]\n((?:.+\n)+)", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert urls
    assert all(f'"{HOME}' in line for line in urls[1].splitlines())


def test_a_locale_of_ascii_only_gets_ascii(here: Path) -> None:
    (here / "nginx.conf").write_text(SEED)
    for said in ({"LC_ALL": "C"}, {"LANG": "C"}, {"LANG": "C", "PYTHONIOENCODING": "ascii"}):
        ran = command("lint", "nginx.conf", "--app", "frappe", folder=here, **said)
        assert ran.code == 1
        assert "nginx -> " in ran.out
        assert ran.out.isascii()


def test_colours_only_on_a_terminal_that_wants_them(here: Path) -> None:
    def on_a_terminal(**environment: str) -> str:
        ours, theirs = pty.openpty()
        line = [sys.executable, "-m", "raven_realtime.cli", "lint", "nginx.conf"]
        own = {"PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "200", "LANG": "C.UTF-8", **environment}
        subprocess.run(line, cwd=here, env=own, stdout=theirs, stderr=theirs, check=False)
        os.close(theirs)
        said = b""
        while True:
            try:
                said += (read := os.read(ours, 65536))
            except OSError:
                break
            if not read:
                break
        os.close(ours)
        return said.decode()

    assert "\x1b[" in on_a_terminal()
    assert "\x1b[3" not in on_a_terminal(NO_COLOR="1")
    assert "\x1b" not in command("lint", "nginx.conf", folder=here, LANG="C.UTF-8").out
