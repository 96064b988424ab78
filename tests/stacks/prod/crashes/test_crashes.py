"""An update that crashes, wherever it does: something serves all the time, and the next one finishes the job."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from itertools import cycle

import pytest

from tests.crashes import CRASHED
from tests.measured import BESIDE_OTHERS
from tests.stacks.prod.crashes.conftest import Crashed
from tests.stacks.prod.crashes.crash import (
    CRASHES,
    ENDS_SECONDS,
    Crash,
    Step,
    interrupt,
    kill_engine,
    kill_step,
    restart_docker,
)
from tests.stacks.prod.load import Handshakes, handshakes
from tests.stacks.prod.production import SECOND_HOST

RATE = 10
BACK_SECONDS = 10.0
"""In which the handshake answers again, from the Docker daemon's being back, on a machine that does nothing else."""
WHEN = ("before", "after")
PARTS = 3
"""Into which the steps are dealt, so that each is done in less than ten minutes."""
pytestmark = pytest.mark.timeout(1200)


def routers(crashed: Crashed) -> list[str]:
    """Return the names of Traefik's routers that are this stack's, or carry its route."""
    server = crashed.prod.server
    said = server.run_inside("curl", "-sS", "--noproxy", "*", f"{server.traefik_api}/api/http/routers?per_page=100")
    return [
        each["name"] for each in json.loads(said.stdout) if SECOND_HOST in each["rule"] and "socket" in each["rule"]
    ]


def crash(crashed: Crashed, when: str, wanted: Callable[[Step], bool], way: Crash) -> tuple[Step, float] | None:
    """Crash an update.

    Returns:
        The step at which it crashed, and when the Docker daemon was back, if it was away; None if the update ended
        without such a step.
    """
    update = crashed.begin()
    try:
        met = update.until(when, wanted)
        if met:
            way(update, met[1])
        back = time.time()
        code = update.end()
    finally:
        update.process.kill()
        crashed.steps.leave()
    crashed.steps.await_end(ENDS_SECONDS)
    if met is None:
        assert code == 0, update.text
        return None
    if way is kill_engine:
        crashed.prod.stack.pulumi("cancel", "--yes", "--stack", crashed.prod.stack.name)
    return met[0], back if way is restart_docker else 0.0


def require_whole(crashed: Crashed) -> None:
    """Require that an update has nothing to do, and that nothing is left of the crash."""
    prod = crashed.prod
    assert prod.stack.up("--config-file", str(prod.config_file)).operations() == {}
    assert prod.containers() == prod.containers(running=False)
    assert crashed.left() == (1, 1, 3)
    assert routers(crashed) == [f"{prod.stack.name}@docker"]


def require_served(asked: Handshakes, back: float) -> str:
    """Require that no handshake failed, but while the Docker daemon was away; return what was seen, in words."""
    assert asked.asked >= RATE * asked.seconds * 0.5
    late = max(asked.failed_at, default=0.0) - back
    if not back:
        assert asked.failed == ()
        return f"0 of {asked.asked} failed"
    assert late < BACK_SECONDS * BESIDE_OTHERS, asked.failed
    return f"back in {max(late, 0.0):.1f} s"


def test_an_update_that_crashes_once_at_each_of_its_steps(crashed: Crashed) -> None:
    """Now before, now after it; each `up` gets as far as a step that no crash has met yet, the last one to the end."""
    met: list[Step] = []
    crashed.turn()
    with handshakes(crashed.prod.server, RATE, SECOND_HOST) as asked:
        for when, way in zip(cycle(WHEN), cycle((kill_step, kill_engine, interrupt)), strict=False):
            crashed_at = crash(crashed, when, lambda step: step not in met, way)
            if crashed_at is None:
                break
            met.append(crashed_at[0])
        require_whole(crashed)
    require_served(asked, 0.0)
    names = [str(step) for step in met]
    assert names.index("create bridge") < names.index("create settle"), names
    assert names[-1].startswith("delete"), names


@pytest.mark.full
@pytest.mark.parametrize("which", [pytest.param((how, when), id=f"{when}, {how}") for how in CRASHES for when in WHEN])
@pytest.mark.parametrize("part", range(PARTS))
def test_each_crash_by_itself(
    request: pytest.FixtureRequest, crashed: Crashed, of_an_update: list[Step], which: tuple[str, str], part: int
) -> None:
    how, when = which
    for number, step in list(enumerate(of_an_update))[part::PARTS]:
        crashed.turn()
        with handshakes(crashed.prod.server, RATE, SECOND_HOST) as asked:
            crashed_at = crash(crashed, when, lambda each, step=step: each == step, CRASHES[how])  # type: ignore[misc]
            assert crashed_at, f"{step} never came"
            crashed.prod.stack.up("--config-file", str(crashed.prod.config_file))
            require_whole(crashed)
        seen = require_served(asked, crashed_at[1])
        request.node.user_properties.append((CRASHED, [number, when, str(step), how, seen]))
