"""What is killed comes back: a program by itself within 5 s, supervisord and a rebooted machine by the next update."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress

import psutil
import pytest

from raven_realtime.sandbox import clean_start, local_tunnel, multiplexer, nginx_program
from raven_realtime.sandbox.survey import DEMO_SITE
from raven_realtime.sidecar.pieces import Capacity
from tests.measured import Measured
from tests.stacks.deployment import STATUS, Deployment, within
from tests.stacks.machine import command, processes

BACK_WITHIN = 5


Victims = Callable[[Deployment, str], list[psutil.Process]]
"""Returns what is to be killed of a program."""


def master(sandbox: Deployment, program: str) -> list[psutil.Process]:
    return sandbox.masters(program)


def one_worker(sandbox: Deployment, program: str) -> list[psutil.Process]:
    return sandbox.masters(program)[0].children()[:1]


def group(sandbox: Deployment, program: str) -> list[psutil.Process]:
    """Return the processes of the group that supervisor started for a program; not nginx's workers that are leaving."""
    started = sandbox.copy.supervisor.pids().get(program)
    members = clean_start.members(started) if started else []
    return [each for each in processes() if each.pid in members and "is shutting down" not in command(each)]


KILLED: dict[str, tuple[Victims, str]] = {
    "nginx's master alone": (master, "multiplexer"),
    "one of nginx's workers": (one_worker, "multiplexer"),
    "nginx, all of it": (group, "multiplexer"),
    "the tunnel's master alone": (master, "tunnel"),
    "the tunnel, all of it": (group, "tunnel"),
    "the Socket.IO process": (group, "demo-socketio"),
    "the web process": (group, "demo-web"),
    "redis": (group, "demo-redis"),
}


@pytest.mark.parametrize("name", KILLED)
def test_what_is_killed_is_back_and_takes_a_new_configuration(
    sandbox: Deployment, name: str, measured: Measured
) -> None:
    victims, program = KILLED[name]
    size = len(group(sandbox, program))
    killed = victims(sandbox, program)
    assert killed
    for process in killed:
        process.kill()

    def missing() -> list[str]:
        """Return what is wrong; until others are in the place of those that were killed, that is wrong too."""
        there = group(sandbox, program)
        in_place = len(there) == size and not set(there) & set(killed)
        return [*([] if in_place else [f"{len(there)} of {size} processes of {program}"]), *sandbox.ailments()]

    measured(f"{name} killed: back", within(BACK_WITHIN, missing), BACK_WITHIN)
    takes_a_new_configuration(sandbox, program if program in STATUS else "multiplexer")


def takes_a_new_configuration(sandbox: Deployment, program: str) -> None:
    """Install another configuration as an update does, see it live, and put the old one back."""
    places = sandbox.copy.places
    old = places.nginx_conf(program).read_text()
    new = {
        "multiplexer": multiplexer.render(
            multiplexer.Multiplexer(folder=places.run(program), site=DEMO_SITE, body_size="51m")
        ),
        "tunnel": local_tunnel.render(
            local_tunnel.LocalTunnel(
                places.run(program), places.certificate, places.certificate_key, capacity=Capacity(2_000)
            )
        ),
    }[program]
    for text in (new, old):
        assert nginx_program.install(places, program, text, STATUS[program])
        assert sandbox.is_live(program, text)
    assert sandbox.ailments() == []


def test_after_all_that_an_update_finds_nothing_to_do(sandbox: Deployment) -> None:
    assert sandbox.up().operations() == {}


@contextmanager
def everything_killed(sandbox: Deployment) -> Iterator[None]:
    """Kill supervisord and all that it keeps; again, until nobody is left to start anybody."""
    while left := processes():
        for process in sorted(left, key=lambda one: "supervisord" not in command(one)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(left, 5)
    yield


@contextmanager
def supervisord_killed(sandbox: Deployment) -> Iterator[None]:
    """Kill supervisord alone; what it kept runs on, and belongs to nobody."""
    psutil.Process(int(sandbox.copy.places.supervisor_pid.read_text())).kill()
    yield


@contextmanager
def rebooted(sandbox: Deployment) -> Iterator[None]:
    """Leave what a power cut leaves: no process, stale files, and process ids that others have now."""
    with everything_killed(sandbox), subprocess.Popen(["sleep", "600"], start_new_session=True) as bystander:
        places = sandbox.copy.places
        places.supervisor_pid.write_text(f"{bystander.pid}\n")
        for record in (places.root / "run").glob("*/started.json"):
            noted = json.loads(record.read_text())
            record.write_text(json.dumps(noted | {"boot": str(uuid.uuid4()), "group": bystander.pid}))
        try:
            yield
            assert bystander.poll() is None, "a process that took over an old process id was killed"
        finally:
            bystander.kill()


@pytest.mark.parametrize(
    "disaster", [everything_killed, rebooted, pytest.param(supervisord_killed, marks=pytest.mark.full)]
)
def test_the_next_update_brings_all_of_it_back(
    sandbox: Deployment, disaster: Callable[[Deployment], AbstractContextManager[None]]
) -> None:
    programs = sandbox.programs()
    with disaster(sandbox):
        planned = sandbox.stack.preview().operations()
        assert planned["sandbox-supervisor"] == "update"
        sandbox.up()
        within(BACK_WITHIN, sandbox.ailments)
    assert sandbox.programs() == programs
    assert sandbox.up().operations() == {}
