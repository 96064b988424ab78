"""GitHub's workflows: linted by actionlint, and made of what the tests run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gate import gatekeeping
from raven_realtime.declared import rules
from raven_realtime.declared.preview.report import MARKER
from tests.live.doctor.test_page import SCREENSHOTS
from toolchain.golang import ACTIONLINT
from toolchain.places import ROOT

FOLDER = ROOT / ".github" / "workflows"
BOT = "github-actions[bot]"
OURS, OTHER = MARKER.format(stack="prod"), MARKER.format(stack="sandbox")
REPORT = f'{OURS}\n\n✅ **"Intact"** `$HOME`\n'
GH = """\
#!/bin/bash
# stands for GitHub's command line: notes how it is called, and lists the comments of a pull request as two pages
set -e
folder=$(dirname "$0")
echo "$*" >> "$folder/calls"
while [ $# -gt 0 ]; do
  case $1 in
    --jq) for page in "$folder"/page-*.json; do jq -c "$2" "$page"; done; shift ;;
    --input) cp "$2" "$folder/sent.json"; shift ;;
  esac
  shift
done
exit "${GH_EXIT:-0}"
"""


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


GATE = (ROOT / "docs" / "gate.md").read_text()
RECIPES = re.findall(r"```yaml\n(.*?)```", GATE, re.DOTALL)
SOUND = (ROOT / "tests/unit/declared/healthy/frappe_docker_overrides/compose.yaml").read_text()


def test_actionlint_finds_nothing_in_the_recipes_for_other_repositories(tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.yml" for number in range(len(RECIPES))]
    for file, text in zip(files, RECIPES, strict=True):
        file.write_text(text)
    done = lint(*files)
    assert (len(files), done.returncode, done.stdout) == (2, 0, "")


@pytest.mark.parametrize(
    ("port", "code", "said"),
    [
        pytest.param("9000", 0, "", id="sound"),
        pytest.param("9001", 1, "::error file=deploy/compose.yaml,", id="broken"),
    ],
)
def test_the_recipe_for_files_does_what_it_says(port: str, code: int, said: str, tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy" / "compose.yaml").write_text(SOUND.replace("websocket:9000", f"websocket:{port}"))
    steps = YAML(typ="safe").load(RECIPES[0])["jobs"]["lint"]["steps"]
    judge = next(one["run"] for one in steps if one.get("name") == "Judge")
    done = run(judge, tmp_path, PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.strip().startswith(said)
    assert bool(done.stdout.strip()) is bool(said)


def test_the_configuration_of_the_pack_is_one_that_it_takes() -> None:
    (text,) = re.findall(r"```json\n(.*?)```", GATE, re.DOTALL)
    for name, given in json.loads(text).items():
        level = given.pop("enforcementLevel", "mandatory")
        assert (level in gatekeeping.STRICTNESS, given.keys() <= rules()[name].parameters.keys()) == (True, True)


def test_actionlint_would_find_something(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text((FOLDER / "preview.yml").read_text().replace("runs-on", "runs_on"))
    assert "runs_on" in lint(broken).stdout


def test_ci_runs_every_folder_of_tests_once() -> None:
    job = load("ci.yml")["jobs"]["test"]
    (step,) = (step for step in job["steps"] if "run" in step)
    run = step["run"]
    assert step["shell"] == "bash", "a pipe fails where its first command fails"
    assert 'make test TESTS="$TESTS"' in run
    parts = [folder for part in job["strategy"]["matrix"]["include"] for folder in part["tests"].split()]
    folders = {f"tests/{file.relative_to(ROOT / 'tests').parts[0]}" for file in (ROOT / "tests").rglob("test_*.py")}
    assert sorted(parts) == sorted(folders)


def test_ci_tells_soon_what_can_be_told_soon() -> None:
    jobs = load("ci.yml")["jobs"]
    assert [step["run"] for step in jobs["quick"]["steps"] if "run" in step] == ["make check", "make test-unit"]
    assert jobs["test"]["needs"] == "quick"


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


def step(job: str, name: str) -> str:
    """Return what a step of the preview runs."""
    (found,) = (one["run"] for one in load("preview.yml")["jobs"][job]["steps"] if one.get("name") == name)
    return str(found)


def run(script: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script in a folder as a runner runs it."""
    assert load("preview.yml")["defaults"]["run"]["shell"] == "bash"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    environment = {**os.environ, "PATH": f"{folder}/bin:{os.environ['PATH']}", **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def comment(
    folder: Path, comments: Sequence[tuple[int, str, str]], report: str = REPORT, code: str = "0"
) -> tuple[int, list[str], str]:
    """Run the step that comments where these comments (id, author, body) are; return code, calls and what it sent."""
    stand_in = folder / "bin" / "gh"
    stand_in.parent.mkdir()
    stand_in.write_text(GH)
    stand_in.chmod(0o755)
    listed = [{"id": number, "user": {"login": author}, "body": body} for number, author, body in comments]
    for page, on_it in enumerate((listed[:1], listed[1:])):
        (stand_in.parent / f"page-{page}.json").write_text(json.dumps(on_it))
    (folder / "report.md").write_text(report)
    ran = run(step("comment", "Comment, edited in place"), folder, COMMENTS="all", COMMENT="one", GH_EXIT=code)
    sent = stand_in.parent / "sent.json"
    body = json.loads(sent.read_text())["body"] if sent.exists() else ""
    return ran.returncode, (stand_in.parent / "calls").read_text().splitlines(), body


@pytest.mark.parametrize(
    ("comments", "call"),
    [
        pytest.param([], "--method POST all", id="no comment"),
        pytest.param([(1, "a", "hello"), (2, "b", f"see {OURS}")], "--method POST all", id="comments of others"),
        pytest.param([(1, BOT, OTHER)], "--method POST all", id="the other stack's report"),
        pytest.param([(1, "a", f"{OURS}\n✅")], "--method POST all", id="somebody who writes as we do"),
        pytest.param([(1, "a", "hello"), (7, BOT, f"{OURS}\n❌")], "--method PATCH one/7", id="ours, on page two"),
        pytest.param([(7, BOT, OURS), (8, BOT, OURS)], "--method PATCH one/7", id="two of ours: the first"),
    ],
)
def test_the_comment_is_written_once_and_then_edited(
    comments: list[tuple[int, str, str]], call: str, tmp_path: Path
) -> None:
    code, calls, sent = comment(tmp_path, comments)
    assert code == 0
    assert [one.partition(" --input")[0] for one in calls[1:]] == [f"api {call}"]
    assert sent == REPORT


def test_no_second_comment_where_the_first_cannot_be_looked_for(tmp_path: Path) -> None:
    code, calls, sent = comment(tmp_path, [(7, BOT, OURS)], code="4")
    assert (code, len(calls), sent) == (4, 1, "")


def test_a_report_is_cut_to_what_a_comment_may_be(tmp_path: Path) -> None:
    code, _, sent = comment(tmp_path, [], f"{OURS}\n" + "❌" * 100_000)
    assert (code, len(sent)) == (0, 65_536)


def test_the_summary_is_the_report(tmp_path: Path) -> None:
    (tmp_path / "report.md").write_text(REPORT)
    assert run(step("report", "Summary"), tmp_path, STACK="prod", GITHUB_STEP_SUMMARY="summary").returncode == 0
    assert (tmp_path / "summary").read_text() == (tmp_path / "report.md").read_text() == REPORT


@pytest.mark.parametrize("written", [pytest.param(None, id="no report"), pytest.param("", id="an empty one")])
def test_without_a_report_the_summary_and_the_comment_say_so(written: str | None, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    if written is not None:
        report.write_text(written)
    assert run(step("report", "Summary"), tmp_path, STACK="prod", GITHUB_STEP_SUMMARY="summary").returncode == 0
    said = report.read_text()
    assert said.startswith(f"{OURS}\n")
    assert "❌ **There is no report: nothing is judged.**" in said
    assert (tmp_path / "summary").read_text() == said
