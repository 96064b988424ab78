"""The catalogue holds together: codes, names, texts, pages."""

from __future__ import annotations

import pkgutil
import re
from pathlib import Path

import pytest

from raven_realtime import findings
from raven_realtime.findings import Entry, Level, catalogue, explain, pages
from raven_realtime.findings.entry import STACKS
from raven_realtime.live import HOPS
from raven_realtime.problem import Problem

ENTRIES = catalogue()
NO_FINDINGS = {"entry", "pages", "command", "search"}
RETIRED = {"RT010"}
ROOT = Path(__file__).parents[3]

each_entry = pytest.mark.parametrize("entry", ENTRIES.values(), ids=ENTRIES.keys())


def test_every_module_holds_a_finding() -> None:
    modules = {module.name for module in pkgutil.iter_modules(findings.__path__)} - NO_FINDINGS
    assert len(modules) == len(ENTRIES)
    assert {name for name in modules if not re.fullmatch(r"[a-z][a-z0-9_]+", name)} == set()


def test_symptoms_have_their_numbers() -> None:
    symptoms = {f"RT{number:03}" for number in range(1, 34)}
    assert symptoms - ENTRIES.keys() == RETIRED
    assert all(explain(code) for code in symptoms)


@each_entry
def test_entry_is_complete(entry: Entry) -> None:
    assert re.fullmatch(r"RT\d{3}", entry.code)
    assert entry.hop in HOPS
    assert not entry.title.endswith(".")
    assert len(entry.title) <= 60
    assert entry.source
    assert set(entry.remedies) <= set(STACKS)
    for text in (entry.meaning, entry.shows, entry.remedy, *entry.remedies.values()):
        assert len(text.strip()) > 30, text
        assert not text.startswith(" "), "what is printed without its first blanks begins with words"
        assert max(map(len, text.splitlines())) <= 120


def test_titles_are_unique() -> None:
    titles = [entry.title for entry in ENTRIES.values()]
    assert len(set(titles)) == len(titles)


def test_retired_codes_are_nobody_elses() -> None:
    aliases = [alias for entry in ENTRIES.values() for alias in entry.aliases]
    assert sorted(aliases) == sorted(set(aliases) - ENTRIES.keys())


@pytest.mark.parametrize(("asked", "code"), [("RT008", "RT008"), ("rt008", "RT008"), ("RT010", "RT009")])
def test_explain(asked: str, code: str) -> None:
    assert explain(asked).code == code


def test_explain_says_what_it_knows() -> None:
    with pytest.raises(Problem, match=r"'RT999'\. Known: RT001, .*RT043"):
        explain("RT999")


def test_a_finding_takes_the_remedy_of_the_stack_that_was_seen() -> None:
    entry = explain("RT008")
    assert entry.found("seen", stack="nginx").todo == entry.remedies["nginx"]
    assert entry.found("seen", stack="unheard of").todo == entry.remedy
    assert entry.found("seen", remedy="this", stack="nginx").todo == "this"


def test_levels_decide_outcomes() -> None:
    assert {entry.level for entry in ENTRIES.values()} <= set(Level)
    assert explain("RT017").level is Level.WARNING


def test_pages_are_in_step() -> None:
    assert pages.differences(ROOT / pages.FOLDER) == []


def test_writing_pages_removes_and_adds(tmp_path: Path) -> None:
    (tmp_path / "RT000.md").write_text("of no finding")
    (tmp_path / "RT008.md").write_text("stale")
    assert {"RT000.md", "RT008.md", "RT001.md"} <= set(pages.differences(tmp_path))
    pages.write(tmp_path)
    assert pages.differences(tmp_path) == []
    assert not (tmp_path / "RT000.md").exists()
