"""A copy of this checkout, in which a test runs the real stacks without touching the folder that it is run from.

The copy has the files that git knows, or would take up, as they are now; a toolchain that is furnished for the copy's
own path; and its own backend and ``PULUMI_HOME``. What is big and only read is linked: ``.venv``, the engine's program,
Node's packages. The fixed ports are free, because tests have networks of their own (tests/networks.py).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from raven_realtime.sandbox.places import Places
from raven_realtime.sandbox.supervisor import Supervisor
from tests.engine import Stack
from toolchain import engine
from toolchain.places import BUILDS, ROOT

LINKED = (".venv", "demo/realtime/node_modules")
TIMEOUT = 240.0


@dataclass(frozen=True)
class Ran:
    """A finished command."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Everything it printed."""
        return self.stdout + self.stderr


@dataclass
class Checkout:
    """A copy of the project's folder."""

    folder: Path
    before: tuple[str, ...] = ()
    """A command to put before every other one, such as nsenter with its options."""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        given = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "MAKE", "MFLAGS"))}
        # the installed `raven-realtime` is this checkout's; the copy's own is to run
        self.environment = {**given, "PYTHONPATH": str(self.folder), "NO_COLOR": "1", **self.environment}

    @property
    def places(self) -> Places:
        """The sandbox's folder of the copy."""
        return Places(self.folder / ".sandbox")

    @property
    def supervisor(self) -> Supervisor:
        """The sandbox's supervisord, to ask what runs."""
        return Supervisor(self.places)

    def run(
        self,
        *command: str,
        expect: int | None = 0,
        timeout: float = TIMEOUT,
        environment: Mapping[str, str] | None = None,
    ) -> Ran:
        """Run a command in the copy; ``environment`` comes on top of the copy's."""
        done = subprocess.run(
            [*self.before, *command],
            cwd=self.folder,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        said = f"{' '.join(command)}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        assert expect is None or done.returncode == expect, said
        return Ran(done.returncode, done.stdout, done.stderr)

    def make(self, target: str, *, expect: int = 0, timeout: float = TIMEOUT) -> Ran:
        """Run ``make TARGET``."""
        return self.run("make", target, expect=expect, timeout=timeout)

    def raven_realtime(self, *arguments: str, expect: int | None = 0) -> Ran:
        """Run ``raven-realtime`` of the copy."""
        return self.run(".venv/bin/raven-realtime", *arguments, expect=expect)

    def stack(self, state: Path, config: Mapping[str, Any] | None = None, *, init: bool = True) -> Stack:
        """Return the stack ``sandbox`` of the copy with its backend in ``state``, made by ``pulumi stack init``.

        Its configuration is the copy's Pulumi.sandbox.yaml; ``config`` is put in its place if given.
        """
        made = Stack(state, self.folder, "sandbox", environment={"PYTHONPATH": str(self.folder)}, init=init)
        if config is not None:
            self.configure(config)
        return made

    def configure(self, config: Mapping[str, Any], target: str = "sandbox") -> None:
        """Give a stack this configuration and no other; keys without ``raven-realtime:``."""
        file = self.folder / f"Pulumi.{target}.yaml"
        salts = [line for line in file.read_text().splitlines() if line.startswith("encryptionsalt:")]
        wanted = {f"raven-realtime:{key}": value for key, value in {"target": target, **config}.items()}
        file.write_text("\n".join([f"config: {json.dumps(wanted)}", *salts, ""]))  # JSON is YAML


def checkout(folder: Path, commit: str = "") -> Checkout:
    """Copy this checkout into ``folder``; as it was at a commit of its history, if one is named."""
    if commit:
        packed = subprocess.run(["git", "archive", commit], cwd=ROOT, capture_output=True, check=True).stdout
        folder.mkdir(parents=True)
        subprocess.run(["tar", "-x", "-C", str(folder)], input=packed, check=True)
    for name in [] if commit else _files():
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for name in LINKED:
        assert (ROOT / name).is_dir(), f"{name} is missing. Run `python3 -m toolchain ensure --for test`."
        (folder / name).symlink_to(ROOT / name)
    _give_engine(folder / BUILDS.relative_to(ROOT))
    return Checkout(folder)


def _files() -> list[str]:
    """Return the files that git knows or would take up, relative to the project's folder."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [name for name in listed.stdout.split("\0") if name]


def _give_engine(builds: Path) -> None:
    """Give the copy the engine that this checkout chose. One that was built is furnished for each checkout's path."""
    chosen = engine.require()
    described = json.loads((BUILDS / "engine.json").read_text())
    builds.mkdir(parents=True)
    if chosen.origin == "built":
        own = builds / chosen.binary.parent.relative_to(BUILDS)
        shutil.copytree(chosen.folder, own, copy_function=_link)
        described["folder"] = str(own)
    (builds / "engine.json").write_text(json.dumps(described))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
