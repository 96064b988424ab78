"""A program is removed at any moment of its life, by a real supervisord."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from raven_realtime.sandbox.places import Places
from raven_realtime.sandbox.supervisor import Program, Supervisor

DEAF = Program("deaf", ["sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"], stop_seconds=1)
ENDS = Program("ends", ["sleep", "0.1"])


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    made = Supervisor(Places(tmp_path / "s"))
    made.start()
    yield made
    made.down()


@pytest.mark.parametrize("program", [DEAF, ENDS], ids=["while it is being stopped", "while it ends by itself"])
def test_is_removed(supervisor: Supervisor, program: Program) -> None:
    supervisor.apply(program, wait=False)
    supervisor._rpc().supervisor.stopProcess(program.name, False)
    supervisor.remove(program.name)
    assert supervisor.states() == {}
