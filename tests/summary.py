"""``pytest -p tests.summary``: adds what the run came to to docs/test-full.md, which `make test-full` begins anew.

What tests of crashes saw goes into the table of docs/crashes.md.
"""

from __future__ import annotations

import datetime as dt
import os
import platform
import subprocess
import time
from collections import Counter
from pathlib import Path, PurePosixPath

import pytest
from _pytest.terminal import TerminalReporter

from tests.crashes import CRASHED, tabled
from tests.measured import counts, kept, measurements

FILE = Path(__file__).parents[1] / "docs" / "test-full.md"
BEGAN = time.monotonic()
HEAD = """\
# The last run of `make test-full`

Written by it: every test, those included that are only more cases of the same kind.
"""


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Add a section; xdist's workers have told theirs to the process that has them."""
    if hasattr(config, "workerinput"):
        return
    ended = {kind: terminalreporter.stats.get(kind, []) for kind in ("passed", "failed", "error", "skipped", "xfailed")}
    took = dt.timedelta(seconds=round(time.monotonic() - BEGAN))
    kinds = ", ".join(f"{len(reports)} {kind}" for kind, reports in ended.items() if reports)
    folders = Counter(folder_of(report.nodeid) for report in ended["passed"])
    lines = [
        "",
        f'## `-m "{config.option.markexpr}"`',
        "",
        f"{kinds} in {took}, of {_commit()}, on "
        f"{dt.datetime.now(dt.UTC):%Y-%m-%d} on Linux {platform.release()}, {os.cpu_count()} CPUs, Python "
        f"{platform.python_version()}.",
        "",
        *(f"- {report.nodeid}: {kind}" for kind in ("failed", "error", "skipped") for report in ended[kind]),
        "",
        "| folder | passed |",
        "|---|---|",
        *(f"| {folder} | {number} |" for folder, number in sorted(folders.items())),
        "",
        "```",
        *measurements(terminalreporter),
        *counts(terminalreporter),
        "```",
    ]
    before = FILE.read_text() if FILE.exists() else HEAD
    FILE.write_text(before + "\n".join(lines).replace("\n\n\n", "\n\n") + "\n")
    tabled(kept(terminalreporter, CRASHED))


def folder_of(nodeid: str) -> str:
    """Return the folder of a test's file, at most two below tests/."""
    return "/".join(PurePosixPath(nodeid.partition("::")[0]).parent.parts[:3])


def _commit() -> str:
    """Name what was tested, and say whether anything but the file itself is not as it was committed."""
    changed = _git("status", "--porcelain", "--", ":/", f":(exclude,top)docs/{FILE.name}")
    return (_git("describe", "--always") or "no commit") + (", changed" if changed else "")


def _git(*arguments: str) -> str:
    asked = ["git", "-C", str(FILE.parent), *arguments]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
