"""Throw-away Pulumi stacks on the real engine, for tests.

A :class:`Stack` has a backend, a ``PULUMI_HOME``, a passphrase and a working environment of its own, so tests run
side by side. The toolchain must be ready (``python3 -m toolchain ensure --for test``); where it is not, the first
stack fails with a message that says so.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from toolchain import engine, shell
from toolchain.places import PULUMI_HOME

TIMEOUT = 480.0
"""Seconds a command may take before the test fails."""


@dataclass(frozen=True)
class Event:
    """One engine event: its kind (``resourcePre``, ``resOutputs``, ``diagnostic``, ``summary``, …) and content."""

    kind: str
    content: Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """What the engine did, or planned, to one resource."""

    operation: str
    """``create``, ``update``, ``delete``, ``same``, ``create-replacement``, ``replace``, ``delete-replaced``, …"""
    name: str
    """The resource's name in the program."""
    type: str


@dataclass(frozen=True)
class Run:
    """A finished command."""

    arguments: tuple[str, ...]
    code: int
    stdout: str
    stderr: str
    events: tuple[Event, ...] = ()

    @property
    def text(self) -> str:
        """Everything it printed."""
        return self.stdout + self.stderr

    def of(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """Yield the content of the events of one kind."""
        return (event.content for event in self.events if event.kind == kind)

    def steps(self) -> list[Step]:
        """Return the steps in the order they began, without stack and providers."""
        found = []
        for content in self.of("resourcePre"):
            step = content["metadata"]
            if not step["type"].startswith("pulumi:"):
                found.append(Step(step["op"], step["urn"].rsplit("::", 1)[-1], step["type"]))
        return found

    def operations(self) -> dict[str, str]:
        """Return the operation on each resource by its name; what stays the same is left out."""
        return {step.name: step.operation for step in self.steps() if step.operation != "same"}

    def diagnostics(self, *severities: str) -> list[str]:
        """Return what was said, at these severities or at all but debug; commands' output is among ``info``."""
        return [
            content["message"].strip()
            for content in self.of("diagnostic")
            if (content["severity"] in severities if severities else content["severity"] != "debug")
        ]

    def policy_violations(self) -> list[Mapping[str, Any]]:
        """Return the violations that policy packs reported."""
        return list(self.of("policy"))


class UnexpectedExitError(AssertionError):
    """A command ended otherwise than the test expects; the message has all it printed."""


class Stack:
    """One stack of a Pulumi project, with a backend of its own."""

    def __init__(
        self,
        state: Path,
        folder: Path,
        name: str = "test",
        config_file: Path | None = None,
        environment: Mapping[str, str] | None = None,
        *,
        before: Sequence[str] = (),
        init: bool = True,
    ) -> None:
        """Make the stack.

        Args:
            state: A folder of the test's own for backend, ``PULUMI_HOME``, cache and passphrase, outside ``folder``.
            folder: The project: where its Pulumi.yaml lies.
            name: The stack's name.
            config_file: The configuration file to use and write, in place of ``Pulumi.<name>.yaml`` in the project.
            environment: Variables on top of ours.
            before: A command to put before every one of ours, such as nsenter with its options.
            init: Whether to run ``pulumi stack init``; else the test does.
        """
        self.folder = folder
        self.before = before
        self.name = name
        self.config_file = config_file
        self.state = state
        self.home = state / "home"
        self.home.mkdir(parents=True, exist_ok=True)
        link = self.home / "plugins"
        if not link.exists():
            link.symlink_to(PULUMI_HOME / "plugins")
        given = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
        chosen = shell.variables(engine.require(), given, state)
        self.environment = {
            **given,
            **chosen,
            "PULUMI_HOME": str(self.home),
            "XDG_CACHE_HOME": str(state / "cache"),  # servers of tests share an address, and not how to log in there
            "PULUMI_DEBUG_COMMANDS": "true",
            "NO_COLOR": "1",
            **(environment or {}),
        }
        self._count = 0
        if init:
            self.pulumi("stack", "init", name, "--no-select", "--non-interactive")

    def up(self, *arguments: str, expect: int | None = 0, preview: bool = False, timeout: float = TIMEOUT) -> Run:
        """Run ``pulumi up --yes``; ``preview`` asks for the preview before it, as users get it."""
        skipped = () if preview else ("--skip-preview",)
        return self._operate("up", "--yes", *skipped, *arguments, expect=expect, timeout=timeout)

    def preview(self, *arguments: str, expect: int | None = 0, timeout: float = TIMEOUT) -> Run:
        """Run ``pulumi preview``."""
        return self._operate("preview", *arguments, expect=expect, timeout=timeout)

    def refresh(self, *arguments: str, expect: int | None = 0, timeout: float = TIMEOUT) -> Run:
        """Run ``pulumi refresh --yes``."""
        return self._operate("refresh", "--yes", "--skip-preview", *arguments, expect=expect, timeout=timeout)

    def destroy(self, *arguments: str, expect: int = 0, timeout: float = TIMEOUT) -> Run:
        """Run ``pulumi destroy --yes``."""
        return self._operate("destroy", "--yes", "--skip-preview", *arguments, expect=expect, timeout=timeout)

    def set_config(self, key: str, value: str, *arguments: str) -> Run:
        """Set one configuration value; pass ``--secret`` or ``--path`` as further arguments."""
        return self.pulumi("config", "set", "--stack", self.name, *self._config_flag(), *arguments, "--", key, value)

    def outputs(self) -> dict[str, Any]:
        """Return the stack's outputs, secrets shown."""
        shown = self.pulumi("stack", "output", "--json", "--show-secrets", "--stack", self.name)
        outputs: dict[str, Any] = json.loads(shown.stdout)
        return outputs

    def resources(self) -> dict[str, dict[str, Any]]:
        """Return the resources of the state by name, secrets encrypted; without stack and providers."""
        exported = json.loads(self.pulumi("stack", "export", "--stack", self.name).stdout)
        found = exported["deployment"].get("resources", [])
        return {
            item["urn"].rsplit("::", 1)[-1]: item
            for item in found
            if item["type"] != "pulumi:pulumi:Stack" and not item["type"].startswith("pulumi:providers:")
        }

    def pulumi(self, *arguments: str, expect: int | None = 0, timeout: float = TIMEOUT) -> Run:
        """Run any ``pulumi`` command in the project's folder.

        Raises:
            UnexpectedExitError: it ended with another exit code than ``expect``, unless that is None.
        """
        process = self.start(*arguments)
        try:
            stdout, stderr = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired as error:
            process.terminate()
            stdout, stderr = process.communicate(timeout=30)
            said = f"{stdout}{stderr}"
            raise UnexpectedExitError(f"pulumi {' '.join(arguments)}: not done in {timeout} s\n{said}") from error
        return _expected(Run(arguments, process.returncode, stdout, stderr), expect)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a ``pulumi`` command in a process group of its own and return it, for tests that interrupt it."""
        return subprocess.Popen(
            [*self.before, engine.require().binary, *arguments],
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def _operate(self, command: str, *arguments: str, expect: int | None, timeout: float) -> Run:
        self._count += 1
        log = self.state / f"events-{self._count}.jsonl"
        run = self.pulumi(
            *(command, "--stack", self.name, "--non-interactive", "--event-log", str(log), *self._config_flag()),
            *arguments,
            expect=None,
            timeout=timeout,
        )
        events = tuple(map(_event, log.read_text().splitlines())) if log.exists() else ()
        return _expected(replace(run, events=events), expect)

    def _config_flag(self) -> tuple[str, ...]:
        return ("--config-file", str(self.config_file)) if self.config_file else ()


def _expected(run: Run, code: int | None) -> Run:
    if code is not None and run.code != code:
        raise UnexpectedExitError(f"pulumi {' '.join(run.arguments)}: exit code {run.code}, not {code}\n{run.text}")
    return run


def _event(line: str) -> Event:
    parsed = json.loads(line)
    kind = next(key for key in parsed if key not in {"sequence", "timestamp"})
    return Event(kind.removesuffix("Event"), parsed[kind] or {})


def project(folder: Path, program: str, runtime: Any = "python", **settings: Any) -> Path:
    """Write a Pulumi project with one program into ``folder`` and return the folder.

    Args:
        folder: Made if it is not there.
        program: The text of ``__main__.py``.
        runtime: The ``runtime`` of its Pulumi.yaml.
        **settings: Further top-level settings of its Pulumi.yaml, such as ``plugins``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    described = {"name": "throwaway", "runtime": runtime, **settings}
    (folder / "Pulumi.yaml").write_text(json.dumps(described))  # JSON is YAML
    (folder / "__main__.py").write_text(program)
    return folder


def throwaway(tmp_path: Path, program: str, **settings: Any) -> Stack:
    """Return a new stack ``test`` of a new project with this program, all of it in ``tmp_path``."""
    return Stack(tmp_path / "state", project(tmp_path / "project", program, **settings))
