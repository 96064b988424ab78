"""One life of the sandbox as a newcomer types it, on a file system that notes every change."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import golden, readme
from tests.measured import Measured
from tests.stacks.checkout import Checkout, Ran, checkout
from tests.stacks.machine import Machine, diary, left_as_found, settled
from toolchain.places import ROOT

pytestmark = pytest.mark.alone
GOLDEN = Path(__file__).parent / "golden"
UP, TEST = readme.commands("Two commands")
STEPS = {"preview": "make preview", "up": UP, "preview again": "make preview", "up again": UP, "down": "make down"}
"""Each step with what is typed: the README's own words where it has them."""
WARM = 60
"""How many times as long as Python takes to import Pulumi's SDKs a `make` may take on a machine that has the toolchain.

The machine's own pace is measured beside it: `make up` took 14 s on one day and 26 s on another, of the same commit on
the same kind of machine with nothing else running. On the slower day that was 40 times as long.
"""
SDKS = ".venv/bin/python", "-c", "import pulumi, pulumi_docker, pulumi_command"
OWN = (".cache", ".state", ".sandbox")
"""What the checkout's .gitignore sets aside for the toolchain and the stacks."""


@dataclass(frozen=True)
class Step:
    """What one ``make`` printed and what was there after it."""

    ran: Ran
    seconds: float
    machine: Machine
    outside: frozenset[Path]
    """Files that differ outside the checkout."""
    inside: frozenset[Path]
    """Files that differ in the checkout, relative to it."""


@dataclass(frozen=True)
class Life:
    before: Machine
    steps: dict[str, Step]
    pace: float
    """Seconds that importing Pulumi's SDKs takes, at the quickest of five times."""


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    folder = tmp_path_factory.mktemp("life")
    copy = checkout(folder / "c")
    with diary(folder / "diary") as notes, left_as_found():
        copy.before = notes.enter(copy.folder)
        copy.run("python3", "-m", "toolchain", "ensure", "--for", "up")
        before, steps, furnished = settled(), dict[str, Step](), notes.changed()
        for name, typed in STEPS.items():
            began = time.monotonic()
            ran = copy.run("sh", "-c", typed)
            seconds = time.monotonic() - began
            changed = {file for file in notes.changed() - furnished if "__pycache__" not in file.parts}
            inside = {file for file in changed if file.is_relative_to(copy.folder)}
            relative = frozenset(file.relative_to(copy.folder) for file in inside)
            steps[name] = Step(ran, seconds, settled(), frozenset(changed - inside), relative)
        yield Life(before, steps, min(_import_seconds(copy) for _ in range(5)))


def _import_seconds(copy: Checkout) -> float:
    began = time.monotonic()
    copy.run(*SDKS)
    return time.monotonic() - began


def test_up_prints_the_public_url_and_a_line_a_check(life: Life) -> None:
    outputs = life.steps["up"].ran.stdout
    golden.hold(GOLDEN / "up.txt", _steady(outputs[outputs.index("Outputs:") :]))


def _steady(text: str) -> str:
    """Replace what differs from run to run: sessions, times and durations."""
    for pattern, instead in (
        (r"sid \S+…", "sid <SID>…"),
        (r"\d{4}-\d\d-\d\dT[\d:]+Z", "<TIME>"),
        (r"3probe in \d+ ms", "3probe in <N> ms"),
        (r"after [\d.]+ s", "after <N> s"),
        (r"Duration: \S+", "Duration: <N>s"),
    ):
        text = re.sub(pattern, instead, text)
    return text


def test_a_second_up_reports_no_change(life: Life) -> None:
    first, second = life.steps["up"], life.steps["up again"]
    assert re.search(r"^Resources:\n    \d+ unchanged$", second.ran.stdout, re.MULTILINE), second.ran.stdout
    assert "unchanged" not in first.ran.stdout
    assert second.machine == first.machine


@pytest.mark.parametrize("name", STEPS)
def test_each_is_quick_once_the_toolchain_is_there(life: Life, name: str, measured: Measured) -> None:
    measured(f"make {name}", life.steps[name].seconds, round(WARM * life.pace, 1))


@pytest.mark.parametrize(("preview", "earlier"), [("preview", None), ("preview again", "up")])
def test_a_preview_changes_nothing_on_the_machine(life: Life, preview: str, earlier: str | None) -> None:
    step = life.steps[preview]
    assert step.machine == (life.steps[earlier].machine if earlier else life.before)
    assert not step.outside
    was_there = {file for file in life.steps[earlier].inside if file.parts[0] == ".sandbox"} if earlier else set()
    assert {file for file in step.inside if file.parts[0] not in {".cache", ".state"}} == was_there


def test_a_preview_before_the_first_up_plans_to_create_and_the_next_none(life: Life) -> None:
    assert re.search(r"^    \+ \d+ to create$", life.steps["preview"].ran.stdout, re.MULTILINE)
    assert re.search(r"^Resources:\n    \d+ unchanged$", life.steps["preview again"].ran.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", STEPS)
def test_nothing_is_written_but_to_the_folders_set_aside(life: Life, name: str) -> None:
    """So Pulumi.sandbox.yaml, the home folder and the system's folders stay as they are."""
    step = life.steps[name]
    assert not step.outside
    assert {file for file in step.inside if file.parts[0] not in OWN} == set()


def test_the_sandbox_runs_where_it_is_said_to(life: Life) -> None:
    up = life.steps["up"].machine
    assert up.ports - life.before.ports == {f"127.0.0.1:{port}" for port in (443, 8000, 8005, 9000, 11000)}


def test_the_second_command_is_what_ci_runs() -> None:
    assert f"exec {TEST.partition('#')[0].strip()}" in (ROOT / ".ci" / "run").read_text().splitlines()


def test_down_leaves_no_process_port_or_file(life: Life) -> None:
    down = life.steps["down"]
    assert down.machine == life.before
    assert {file.parts[0] for file in down.inside} == {".cache"}, "the toolchain stays; .state and .sandbox are gone"
