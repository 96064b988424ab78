"""GitHub's workflows: linted by actionlint, and made of what the tests run."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.hops.doctor.test_page import SCREENSHOTS
from toolchain.golang import ACTIONLINT
from toolchain.places import ROOT

FOLDER = ROOT / ".github" / "workflows"


def load(name: str) -> Any:
    return YAML(typ="safe").load((FOLDER / name).read_text())


def lint(*files: Path) -> subprocess.CompletedProcess[str]:
    binary = ACTIONLINT.binary
    assert binary.is_file(), "actionlint is missing. Run `python3 -m toolchain ensure --for test`."
    command = [str(binary), "-shellcheck=", "-pyflakes=", *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_actionlint_finds_nothing() -> None:
    files = sorted(FOLDER.glob("*.yml"))
    assert {file.name for file in files} >= {"ci.yml", "preview.yml"}
    done = lint(*files)
    assert (done.returncode, done.stdout) == (0, "")


def test_actionlint_would_find_something(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text((FOLDER / "preview.yml").read_text().replace("runs-on", "runs_on"))
    assert "runs_on" in lint(broken).stdout


def test_ci_runs_the_command_that_ci_runs() -> None:
    runs = [step["run"] for step in load("ci.yml")["jobs"]["test"]["steps"] if "run" in step]
    assert [run.split()[-1] for run in runs] == [".ci/run"]


def test_ci_keeps_the_screenshots_of_a_run_that_failed_too() -> None:
    kept = load("ci.yml")["jobs"]["test"]["steps"][-1]
    assert kept["uses"].startswith("actions/upload-artifact@")
    assert (kept["if"], ROOT / kept["with"]["path"]) == ("always()", SCREENSHOTS)


def test_the_preview_runs_the_target_that_is_tested() -> None:
    jobs = load("preview.yml")["jobs"]
    runs = [step["run"] for step in jobs["report"]["steps"] if "run" in step]
    assert runs[0] == 'make preview-report STACK="$STACK" BASE="$BASE" REPORT=report.md'


@pytest.mark.parametrize("name", ["ci.yml", "preview.yml"])
def test_the_changes_code_runs_with_a_token_that_reads(name: str) -> None:
    workflow = load(name)
    text = (FOLDER / name).read_text()
    assert "pull_request_target" not in text
    assert "secrets." not in text
    for job in workflow["jobs"].values():
        granted = job.get("permissions", workflow["permissions"])
        checks_out = any("checkout" in step.get("uses", "") for step in job["steps"])
        assert set(granted.values()) <= {"read"} or not checks_out
