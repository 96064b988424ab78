"""The list of measurements at the end of a run: from xdist's workers too, and of a test that failed by one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

def test_quick(measured):
    measured("quick", 0.5, 2)

def test_slow(measured):
    measured("slow", 12.345, 2)

@pytest.mark.alone
def test_alone(measured):
    measured("alone", 3.0, 2)
"""


@pytest.mark.large
def test_lists_each_measurement_with_its_limit(tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(TESTS)
    options = ["-n", "1", "-q", "-p", "tests.measured", "-p", "no:cacheprovider", "-c", "/dev/null"]
    command = [sys.executable, "-m", "pytest", *options, f"--rootdir={tmp_path}", str(file)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    _, _, listed = ran.stdout.partition(" measured ")
    assert listed.splitlines()[1:4] == [
        "    3.00 s of   2 s  alone",
        "    0.50 s of   2 s  quick",
        "   12.35 s of   2 s  slow",
    ]
    assert "slow: 12.35 s, and the limit is 2 s, 6 times" in ran.stdout
    assert "alone: 3.00 s, and the limit is 2 s, 1 times" in ran.stdout
