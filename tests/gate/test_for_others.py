"""What other repositories take from here: the pre-commit hook, the GitHub action, GitLab's example, the manual."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from ruamel.yaml import YAML

from tests.policies.cases import ROOT

GUIDE = (ROOT / "docs" / "lint.md").read_text()
FAULTY = ROOT / "tests" / "cases" / "31-npm-custom-location-no-upgrade"
GOOD = ROOT / "tests" / "cases" / "71-good-socketio-caddy2"
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "PYTHONPATH": str(ROOT),
}


def yaml(text: str) -> Any:
    return YAML(typ="safe").load(text)


def run(line: list[str] | str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", line] if isinstance(line, str) else line
    own = {**ENVIRONMENT, **environment}
    return subprocess.run(command, cwd=folder, env=own, capture_output=True, text=True, check=False)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a broken folder and a healthy one."""
    shutil.copytree(FAULTY, tmp_path / "deploy")
    shutil.copytree(GOOD, tmp_path / "good one")
    return tmp_path


def test_the_hook_judges_what_it_is_given(project: Path) -> None:
    (hook,) = yaml((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert set(hook) <= {
        "id", "name", "description", "entry", "args", "language", "pass_filenames", "require_serial", "files",
    }  # fmt: skip
    assert {"id", "name", "entry", "language"} <= set(hook), "pre-commit requires these"
    wanted = re.compile(hook["files"])
    judged = ("compose.yml", "a/nginx.conf", "Caddyfile", "haproxy.cfg", "sites/a/site_config.json", "Procfile")
    assert all(wanted.search(name) for name in judged)
    assert not any(wanted.search(name) for name in ("main.py", "README.md", "package.json"))
    assert run([*hook["entry"].split(), *hook["args"]], project).returncode == 1
    assert run([*hook["entry"].split(), "good one"], project).returncode == 0
    (shown,) = (yaml(block) for block in re.findall(r"```yaml\n(repos:.*?)```", GUIDE, re.DOTALL))
    assert shown["repos"][0]["hooks"][0]["id"] == hook["id"]


def test_the_action_annotates_and_fails(project: Path) -> None:
    action = yaml((ROOT / "action.yml").read_text())
    steps = action["runs"]["steps"]
    assert action["runs"]["using"] == "composite"
    assert all(step.get("shell") == "bash" for step in steps if "run" in step), "a composite action has to say so"
    assert "${{" not in "".join(step.get("run", "") for step in steps), "inputs come as variables, never as code"
    judge = next(step["run"] for step in steps if step.get("name") == "Judge")
    ran = run(judge, project, PATHS="deploy\n", ARGUMENTS="--skip RT107", SARIF="out.sarif")
    assert ran.returncode == 1, ran.stderr
    assert "::error file=deploy/nginx.conf,line=11,title=RT025" in ran.stdout
    assert "RT107" not in ran.stdout
    assert '"ruleId": "RT025"' in (project / "out.sarif").read_text()
    (project / "good one").rename(project / "good")
    assert run(judge, project, PATHS="good", ARGUMENTS="", SARIF="").returncode == 0
    assert run(judge, project, PATHS="nowhere", ARGUMENTS="", SARIF="x").returncode == 2
    given = set(re.findall(r"inputs\.([a-z-]+)", (ROOT / "action.yml").read_text()))
    assert given == set(action["inputs"])
    (shown,) = (yaml(block) for block in re.findall(r"```yaml\n(steps:.*?)```", GUIDE, re.DOTALL))
    assert set(shown["steps"][1]["with"]) <= set(action["inputs"])


def test_gitlabs_example_makes_a_report(project: Path) -> None:
    (shown,) = (yaml(block) for block in re.findall(r"```yaml\n(realtime:.*?)```", GUIDE, re.DOTALL))
    job = shown["realtime"]
    ran = run(job["script"][-1], project)
    assert ran.returncode == 1
    suites = ElementTree.parse(project / job["artifacts"]["reports"]["junit"]).getroot()
    assert suites.attrib["failures"] == "1"


def test_the_guides_file_is_accepted(project: Path) -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", GUIDE, re.DOTALL)
    (project / "raven-realtime.toml").write_text(shown.replace("RT108", "RT025"))
    ran = run(["raven-realtime", "lint", "deploy"], project)
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "RT025" not in ran.stdout


@pytest.mark.parametrize(
    ("words", "found"), [("raven-realtime li", "lint"), ("raven-realtime lint --bas", "--baseline")]
)
def test_completion(words: str, found: str, tmp_path: Path) -> None:
    asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_RAVEN_REALTIME_COMPLETE": "complete_bash"}
    assert found in run(["raven-realtime"], tmp_path, **asked).stdout.split()


def test_the_manual_page(tmp_path: Path) -> None:
    page = run(["raven-realtime", "manual"], tmp_path).stdout
    for said in (".SS lint", ".SS doctor", "\\-\\-write\\-baseline", "\\-\\-version", ".SH EXIT STATUS"):
        assert said in page
    if shutil.which("groff"):
        (tmp_path / "page.1").write_text(page)
        shown = run(["groff", "-man", "-ww", "-Tutf8", "page.1"], tmp_path)
        assert (shown.returncode, shown.stderr) == (0, "")
        assert "write" in shown.stdout


def test_linked_files_are_there() -> None:
    for page in ("docs/lint.md", "SECURITY.md"):
        linked = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
        assert linked
        assert [name for name in linked if not ((ROOT / page).parent / name).exists()] == []
