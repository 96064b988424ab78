"""Every target: its text to the letter, and what the linter says of it where people put it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from raven_realtime.render.command import rendered
from raven_realtime.render.targets import targets
from raven_realtime.render.wanted import OWN, SETTINGS
from tests.golden import hold
from tests.unit.declared.seat import lint
from tests.unit.render.installed import files

HERE = Path(__file__).parent
OWN_NAMES = ("frappe-docker", "ingress", "ingressroute", "httproute")
"""Where what is behind takes the host's name for the site's."""
BY_DESIGN: dict[str, set[tuple[str, str]]] = {
    "compose": {("RT108", "note")},
    "labels": {("RT108", "note")},
    "frappe-docker": {("RT108", "note")},
    "ingress": {("RT011", "note"), ("RT119", "note")},
    "ingressroute": {("RT011", "note")},
    "httproute": {("RT011", "note")},
}
"""An image is pinned with --image, by a digest that its user trusts. The chart's own nginx makes http of wss, which
nobody in front of it says here, and a class `nginx` is either of two controllers'."""


def hosts(what: str) -> list[str]:
    return ["chat.example.com" if what in OWN_NAMES else "chat.example.com=chat", "erp.example.com"]


@pytest.mark.parametrize("what", targets())
def test_the_text(what: str) -> None:
    hold(HERE / "golden" / f"{what}.txt", rendered(what, {"hosts": hosts(what)}))


@pytest.mark.parametrize("what", targets())
def test_the_linter_follows_each_host_and_finds_nothing_but_what_is_by_design(what: str, tmp_path: Path) -> None:
    for name, text in files(what, hosts(what)).items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    ran = lint(str(tmp_path), "-o", "json")
    found = json.loads(ran.out)["findings"]
    assert {(each["code"], each["level"]) for each in found} == BY_DESIGN.get(what, set())
    followed = "any host" if what == "multiplexer" else "erp.example.com"
    assert re.search(rf"https://{followed} → [^;]*:9000", lint(str(tmp_path)).out)


def test_options_that_are_nobodys() -> None:
    assert {name for each in targets().values() for name in each.takes} == {*SETTINGS, *OWN} - {"hosts"}
