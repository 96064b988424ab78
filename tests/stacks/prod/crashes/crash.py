"""An update that a test watches step by step, and the ways in which it crashes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crashes import WAYS
from tests.run import descendants
from tests.stacks.prod.crashes.held import Call, Steps
from tests.stacks.prod.production import Production

COMMAND = "command:local:Command"
DONE = frozenset({"create", "update", "create-replacement", "delete", "delete-replaced"})
"""The engine's words for what a provider is asked to do."""
_GENERATION = re.compile(r"-[0-9a-f]{8}(?=-|$)")
UPDATE_SECONDS = 300.0
ENDS_SECONDS = 150.0
"""How long a step that its update left alone may take to end."""


@dataclass(frozen=True)
class Step:
    """One thing that an update does to one resource."""

    operation: str
    resource: str
    """Its name without the generation."""
    kind: str
    """Its type."""

    def __str__(self) -> str:
        """Say it as the table does."""
        word = "delete" if self.operation.startswith("delete") else self.operation.partition("-")[0]
        return f"{word} {self.resource.removeprefix('frappe-socketio-')}"


@dataclass
class Update:
    """An `up` of the stack, as it goes."""

    prod: Production
    steps: Steps
    process: subprocess.Popen[str]
    log: Path
    began: list[Step] = field(default_factory=list)
    ended: list[Step] = field(default_factory=list)
    runs: list[Step] = field(default_factory=list)
    """Those for which something ran: a provider of Docker, or our program."""
    said: list[str] = field(default_factory=list)
    _read: int = 0

    @classmethod
    def begin(cls, prod: Production, steps: Steps) -> Update:
        """Start it with the configuration as it is written; its calls wait."""
        steps.watch()
        log = prod.stack.state / "events-watched.jsonl"
        log.unlink(missing_ok=True)
        flags = ("--yes", "--skip-preview", "--non-interactive", "--config-file", str(prod.config_file))
        process = prod.stack.start("up", "--stack", prod.stack.name, "--event-log", str(log), *flags)
        made = cls(prod, steps, process, log)
        threading.Thread(target=lambda: made.said.extend(process.communicate()), daemon=True).start()
        return made

    @property
    def text(self) -> str:
        """What it printed, when it has ended."""
        return "".join(self.said)

    @property
    def current(self) -> Step:
        """The step of our program that goes on: they go one by one."""
        (step,) = [one for one in self.began if one.kind == COMMAND and one not in self.ended]
        return step

    def until(self, when: str, wanted: Callable[[Step], bool]) -> tuple[Step, Call | None] | None:
        """Go on to the next step of a kind.

        Args:
            when: ``before`` it, or ``after``: what it does is done, and nobody has heard of it yet.
            wanted: whether it is that step.

        Returns:
            The step, and the call that waits then where our program does the step; None if the update ended before.
        """
        deadline = time.monotonic() + UPDATE_SECONDS
        met: Step | None = None
        while True:
            over = self.process.poll() is not None
            self._listen()
            for call in self.steps.began():
                step = self._of(call)
                self.runs.append(step)
                if wanted(step) and when == "before":
                    return step, call
                met = step if wanted(step) else met
                call.go(held=met == step)
            for call in self.steps.ended():
                assert met
                return met, call
            for step in self.began if when == "before" else self.ended:
                if step.kind != COMMAND and wanted(step):
                    return step, None
            if over:
                return None
            assert time.monotonic() < deadline, f"it does not end:\n{self.began}\n{self.ended}"
            time.sleep(0.02)

    def end(self) -> int:
        """Let everything go on to its end; return the exit code."""
        try:
            self.until("before", lambda _: False)
        finally:
            self.steps.leave()
        deadline = time.monotonic() + 30
        while not self.said and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.process.returncode

    def _of(self, call: Call) -> Step:
        deadline = time.monotonic() + 20
        while True:
            try:
                return self.current
            except ValueError:
                assert time.monotonic() < deadline, f"no step of the engine's asks for {call.said}"
                time.sleep(0.02)
                self._listen()

    def _listen(self) -> None:
        lines = self.log.read_text().split("\n")[:-1] if self.log.exists() else []
        for line in lines[self._read :]:
            event = json.loads(line)
            for kind, steps in (("resourcePreEvent", self.began), ("resOutputsEvent", self.ended)):
                step = _step(event[kind]["metadata"]) if kind in event else None
                if step and step not in steps:
                    steps.append(step)
                    if kind == "resourcePreEvent" and step.kind.startswith("docker:"):
                        self.runs.append(step)
            if "resOpFailedEvent" in event and (step := _step(event["resOpFailedEvent"]["metadata"])):
                self.ended.append(step)
        self._read = len(lines)


def _step(metadata: dict[str, Any]) -> Step | None:
    kind = metadata["type"]
    if metadata["op"] not in DONE or not kind.startswith(("docker:", COMMAND)):
        return None
    if kind == COMMAND and metadata["op"] == "delete-replaced":
        return None  # of ours, those that are replaced have nothing to run for it
    return Step(metadata["op"], _GENERATION.sub("", metadata["urn"].rpartition("::")[2]), kind)


Crash = Callable[[Update, Call | None], None]


def kill_step(update: Update, call: Call | None) -> None:
    """Kill the step's program, or the plugin that does it."""
    if call:
        os.kill(call.process, signal.SIGKILL)
        return
    for process in _plugins(update, "docker"):
        os.kill(process, signal.SIGKILL)


def kill_engine(update: Update, call: Call | None) -> None:
    """Kill the engine alone; what it started hears of it by itself."""
    update.process.kill()
    update.process.wait()
    if call:
        call.go()


def interrupt(update: Update, call: Call | None) -> None:
    """Press Ctrl-C; the step's shell goes, and the step goes on."""
    os.killpg(update.process.pid, signal.SIGINT)
    time.sleep(0.5)
    if call:
        call.go()


def lose_connection(update: Update, call: Call | None) -> None:
    """Have sshd and all its sessions vanish until the update has ended."""
    server = update.prod.server
    server.stop("sshd")
    for process in server.layout.server.processes():
        if _name(process).startswith("sshd"):
            os.kill(process, signal.SIGKILL)
    try:
        if call:
            call.go()
        update.end()
    finally:
        server.start("sshd")


def restart_docker(update: Update, call: Call | None) -> None:
    """Restart the Docker daemon meanwhile; the step goes on when it is back."""
    update.prod.server.restart("dockerd")
    if call:
        call.go()


CRASHES: dict[str, Crash] = dict(
    zip(WAYS, (kill_step, kill_engine, interrupt, lose_connection, restart_docker), strict=True)
)


def _plugins(update: Update, name: str) -> Iterator[int]:
    for process in descendants(update.process.pid):
        try:
            command = Path("/proc", str(process), "cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if f"resource-{name}" in command:
            yield process


def _name(process: int) -> str:
    try:
        return Path("/proc", str(process), "comm").read_text()
    except OSError:
        return ""
