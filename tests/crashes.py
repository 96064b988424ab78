"""``pytest -p tests.crashes``: what was seen at each crash of each step of an update goes into docs/crashes.md."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

from tests.measured import kept

FILE = Path(__file__).parents[1] / "docs" / "crashes.md"
CRASHED = "crashed"
"""Of the report's user properties: the step's number, before or after it, the step, the crash, what was seen."""
WAYS = ("the step killed", "the engine killed", "Ctrl-C", "the connection lost", "dockerd restarted")
HEAD = """\
# An update that crashes

Written by `make test-full` (tests/stacks/prod/crashes): production's update crashes before and after each of its
steps, in each of these ways. The steps are those that the engine asks for in an update in which the image, the
routing labels, the configuration and the handling of the ports change at once. The stack is deployed over ssh to a
real Docker daemon behind a real Traefik. *After* a step is when all that it does is done and nobody has heard of it
yet.

From before the crash until the `pulumi up` after the next one is through, handshakes come in through Traefik at a
steady rate. A cell says how many of them failed. A restart of the Docker daemon stops every container of the host;
there the cell says how long after the daemon's return the last one failed. Behind each cell the next `pulumi up`
succeeded (after `pulumi cancel` where the engine was killed), the one after it changed nothing, and the server had
one container, one volume and one router of the stack, and nothing else of it. An empty cell has not been run yet.

"""


def pytest_terminal_summary(terminalreporter: TerminalReporter, config: pytest.Config) -> None:
    """Put in what the tests of this run saw; xdist's workers leave it to the process that has them."""
    if not hasattr(config, "workerinput"):
        tabled(kept(terminalreporter, CRASHED))


def tabled(seen: Iterable[tuple[int, str, str, str, str]]) -> None:
    """Put what was seen into the table; what it said of other crashes stays."""
    rows = _rows()
    for number, when, step, way, said in seen:
        key = (number + 1, when == "after", f"{when} {step}")
        rows.setdefault(key, dict.fromkeys(WAYS, ""))[way] = said
    if not rows:
        return
    lines = [_line(("", "", *WAYS)), _line(["---"] * (len(WAYS) + 2))]
    lines += [_line((str(key[0]), key[2], *rows[key].values())) for key in sorted(rows)]
    FILE.write_text(HEAD + "\n".join(lines) + "\n")


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _rows() -> dict[tuple[int, bool, str], dict[str, str]]:
    text = FILE.read_text() if FILE.exists() else ""
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    return {
        (int(row[0]), row[1].startswith("after"), row[1]): dict(zip(WAYS, row[2:], strict=True)) for row in lines[2:]
    }
