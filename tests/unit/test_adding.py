"""CONTRIBUTING's steps, followed for a finding and a rule that are thrown away afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FINDING = '''
"""RT999: a container is called teapot."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT999",
    title="A container is called teapot",
    level=Level.WARNING,
    hop="proxy",
    meaning="It is short and stout.\\n",
    shows="`418`.\\n",
    remedy="Call it something else.\\n",
    source="RFC 2324",
)
'''
RULE = '''
"""No container is called teapot."""

from collections.abc import Iterator

from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding
from raven_realtime.findings.rt999_teapot import ENTRY


def judge(world: World, _: Parameters) -> Iterator[Finding]:
    """Report teapots."""
    for container in world.containers:
        if container.service == "teapot":
            yield ENTRY.found("it is called teapot", container.location)


RULE = Rule("no-teapot", "no container is called teapot", ENTRY, judge)
'''
CHECKOUT = shutil.ignore_patterns("__pycache__", "node_modules")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "raven_realtime", tmp_path / "raven_realtime", ignore=CHECKOUT)
    shutil.copytree(ROOT / "docs" / "findings", tmp_path / "docs" / "findings")
    (tmp_path / "compose.yml").write_text("services:\n  teapot:\n    image: nginx\n")
    return tmp_path


def ran(checkout: Path, module: str, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def test_a_finding_and_its_rule_are_a_file_each(checkout: Path) -> None:
    said = (ROOT / "CONTRIBUTING.md").read_text()
    assert "`raven_realtime/findings/rtNNN_what_it_is.py` with an `ENTRY`; `make docs` writes its page" in said
    (checkout / "raven_realtime/findings/rt999_teapot.py").write_text(FINDING.lstrip())
    assert "`raven_realtime/declared/rules/name.py` with a `RULE`" in said
    (checkout / "raven_realtime/declared/rules/no_teapot.py").write_text(RULE.lstrip())

    assert ran(checkout, "raven_realtime.findings.pages", "--check").returncode == 1
    assert ran(checkout, "raven_realtime.findings.pages").returncode == 0
    assert "# RT999: A container is called teapot" in (checkout / "docs/findings/RT999.md").read_text()
    assert "[RT999](RT999.md)" in (checkout / "docs/findings/README.md").read_text()

    assert "It is short and stout." in ran(checkout, "raven_realtime.start", "explain", "RT999").stdout
    judged = ran(checkout, "raven_realtime.start", "lint", "compose.yml")
    assert "compose.yml:2: warning RT999 A container is called teapot\n  it is called teapot\n" in judged.stdout
    assert "RT999  warning  no-teapot:" in ran(checkout, "raven_realtime.start", "lint", "--list-rules").stdout
