"""A deployed sandbox and what to ask of it."""

from __future__ import annotations

import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from demo.bench_folder import REDIS_PORT
from raven_realtime.ports import MULTIPLEXER_PORT, SOCKETIO_PORT, WEB_PORT
from raven_realtime.proxies.nginx.fingerprint import configuration_hash
from raven_realtime.sandbox import nginx_program
from raven_realtime.sandbox.listener import answers
from tests import readme
from tests.engine import Run, Stack
from tests.measured import BESIDE_OTHERS
from tests.stacks.checkout import Checkout, checkout
from tests.stacks.machine import ENGINES, command, left_as_found, processes

PUBLIC = "https://localhost"
HANDSHAKE = "/socket.io/?EIO=4&transport=polling"
STATUS = {"multiplexer": f"http://127.0.0.1:{MULTIPLEXER_PORT}", "tunnel": "https://127.0.0.1:443"}
"""Where each of our nginx processes tells which configuration is live."""
PORTS = (WEB_PORT, SOCKETIO_PORT, REDIS_PORT)
"""Where each process of the demo bench listens."""
QUICK = {"staySeconds": 1}
"""A configuration whose checks do not take longer than they must."""


@dataclass(frozen=True)
class Deployment:
    """A sandbox that `pulumi up` brought up."""

    copy: Checkout
    stack: Stack

    def up(self, config: dict[str, Any] | None = None, expect: int = 0) -> Run:
        """Update it to a configuration on top of `QUICK`."""
        self.copy.configure({**QUICK, **(config or {})})
        return self.stack.up(expect=expect)

    def shakes_hands(self, url: str = PUBLIC) -> bool:
        """Tell whether a handshake through ``url`` is answered with 200 and an open packet."""
        trust = ssl.create_default_context(cafile=self.copy.places.certificate)
        try:
            answer = httpx.get(f"{url}{HANDSHAKE}", verify=trust, timeout=2, trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.text.startswith('0{"sid"')

    def masters(self, program: str) -> list[psutil.Process]:
        """Return the live master processes of one of our nginx programs."""
        conf = str(self.copy.places.nginx_conf(program))
        return [each for each in nginx() if "master process" in command(each) and conf in command(each)]

    def orphans(self) -> list[psutil.Process]:
        """Return the live nginx workers whose master is gone."""
        masters = {process.pid for name in STATUS for process in self.masters(name)}
        return [each for each in nginx() if "worker process" in command(each) and each.ppid() not in masters]

    def ailments(self) -> list[str]:
        """Return what is wrong with the sandbox now; nothing if it is whole."""
        states = self.copy.supervisor.states()
        found = [f"{name} is {state}" for name, state in states.items() if state != "RUNNING"]
        found += [f"no state of {name}" for name in self.copy.supervisor.declared() if name not in states]
        found += [f"{len(self.masters(name))} masters of {name}" for name in STATUS if len(self.masters(name)) != 1]
        found += [f"an orphan: {each.pid}, child of {each.ppid()}: {command(each)}" for each in self.orphans()]
        found += [f"no answer on {port}" for port in PORTS if not answers(port)]
        return found if self.shakes_hands() else [*found, "no public handshake"]

    def is_live(self, program: str, text: str) -> bool:
        """Tell whether new connections to a program get the configuration ``text``."""
        return nginx_program.live_hash(STATUS[program]) == configuration_hash(text)

    def programs(self) -> Counter[str]:
        """Return how often each command runs, the engine's plugins aside."""
        said = map(command, processes())
        return Counter(one for one in said if not any(part in one for part in ENGINES))


def nginx() -> list[psutil.Process]:
    """Return the live nginx processes."""
    return [process for process in processes() if command(process).startswith("nginx:")]


def within(seconds: float, ailments: Callable[[], list[str]]) -> float:
    """Wait until nothing is wrong any more; return how long it took.

    Args:
        seconds: on a machine that does nothing else; ``BESIDE_OTHERS`` times as long is waited.
        ailments: tells what is wrong.

    Raises:
        AssertionError: something still is; it is named.
    """
    began = time.monotonic()
    while found := ailments():
        assert time.monotonic() - began < seconds * BESIDE_OTHERS, (
            f"after {seconds * BESIDE_OTHERS} s: {'; '.join(found)}"
        )
        time.sleep(0.05)
    return time.monotonic() - began


@contextmanager
def deployed(folder: Path) -> Iterator[Deployment]:
    """Bring up a sandbox with the plain commands of the README in a copy of this checkout, and take it down."""
    copy = checkout(folder / "c")
    with left_as_found():
        stack = copy.stack(folder / "s", QUICK, init=False)
        _, *plain = readme.commands("With your own Pulumi")  # the first makes .venv, which the copy has
        for line in plain:
            copy.run("sh", "-c", line, environment={**stack.environment, "PULUMI_SKIP_CONFIRMATIONS": "true"})
        deployment = Deployment(copy, stack)
        within(5, deployment.ailments)
        yield deployment
        stack.destroy()
        assert not copy.places.root.exists()
