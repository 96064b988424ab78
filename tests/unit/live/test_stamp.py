"""The time of a deployed check: noted before the check, told after its line."""

from __future__ import annotations

import re
import subprocess

import pytest

from raven_realtime.live.verify.stamp import STAMP, outcome

TIME = "2026-11-25T15:05:03Z"
SAID: dict[str, tuple[str | None, str]] = {
    "a line": (
        f"checked at {TIME}\n✓ upgrade (public)  open",
        f"✓ upgrade (public)  open ({TIME})",
    ),
    "more lines": (
        f"checked at {TIME}\n! host  RT017\n  seen: it",
        f"! host  RT017 ({TIME})",
    ),
    "the time last, as in older deployments": (
        f"✓ host\nchecked at {TIME}",
        f"✓ host ({TIME})",
    ),
    "no time": ("✓ host", "✓ host"),
    "nothing": ("", ""),
    "not run yet": (None, ""),
}


@pytest.mark.parametrize("case", SAID)
def test_outcome(case: str) -> None:
    said, told = SAID[case]
    assert outcome(said) == told


@pytest.mark.parametrize(
    "line", ["true | echo ✓", "W=✓ sh -c 'echo $W'", "false; { false || echo ✓; }", "if true; then echo ✓; fi"]
)
def test_whatever_stands_behind_it_runs(line: str) -> None:
    ran = subprocess.run(["/bin/sh", "-c", STAMP + line], capture_output=True, text=True, check=True)
    assert re.fullmatch(r"✓ \(\S+Z\)", outcome(ran.stdout))


def test_the_exit_code_is_the_checks() -> None:
    assert subprocess.run(["/bin/sh", "-c", f"{STAMP}false | exit 3"], capture_output=True, check=False).returncode == 3
