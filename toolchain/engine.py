"""Which `pulumi` this project uses: an installed one, else the official install, else one built here."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from raven_realtime.problem import Problem
from raven_realtime.proxies.unreadable import Unreadable
from toolchain import pulumi_home
from toolchain.golang import PULUMI
from toolchain.places import BUILDS, CACHE, PULUMI_HOME, ROOT, VENV

SDK = "github.com/pulumi/pulumi/sdk/v3"
EXECUTOR = "pulumi-language-python-exec"
"""The SDK's program that runs a Pulumi program; it ships in the SDK's Go module."""

HOST = """\
#!/bin/sh
# The Python language host of `python3 -m toolchain`; the engine finds it beside its own program.
here=$(dirname "$(readlink -f "$0")")
exec {python} -P -c '
import sys
root, executor = sys.argv[1:3]
sys.path.insert(0, root)
from toolchain.language_host.serving import main
main(executor, sys.argv[-1])
' {root} "$here/pulumi-language-python-exec" "$@"
"""

INSTALLER = """\
import socket, subprocess, sys
from urllib.error import URLError
from pulumi.automation import PulumiCommand
from semver import VersionInfo
socket.setdefaulttimeout(5)
try:
    PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))
except subprocess.CalledProcessError as failed:
    sys.exit(failed.output.decode(errors="replace"))
except (URLError, TimeoutError) as unreachable:
    sys.exit(f"Pulumi's download host does not answer ({unreachable}).")
"""
"""The SDK's installer; it fetches the official script and runs it."""

OFFICIAL = BUILDS / f"official-{PULUMI.version}"
CHOICE = BUILDS / "engine.json"
"""Which engine was chosen, and for which pins."""

OLDEST = (3, 150)
"""The first Pulumi that is expected to run what the pinned SDK asks of it (README)."""

PLUGIN_TIMEOUT = 60
INSTALL_TIMEOUT = 300
"""Seconds for the official downloads, where their host answers at all."""


@dataclass(frozen=True)
class Engine:
    """The chosen engine."""

    origin: str
    """``installed``, ``official`` or ``built``."""
    folder: str
    """The folder of the program ``pulumi`` and its language hosts."""
    pins: str
    """What the choice was made for; another value asks for a new choice."""

    @property
    def binary(self) -> Path:
        """The program itself."""
        return Path(self.folder) / "pulumi"


def current() -> Engine | None:
    """Return the engine chosen before, if it is still there and the pins have not changed."""
    try:
        engine = Engine(**json.loads(CHOICE.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return engine if engine.pins == _pins() and engine.binary.is_file() else None


def ensure() -> Engine:
    """Return an engine that runs this project's programs, finding, installing or building it when needed.

    Raises:
        Problem: no way works here; the message says what each lacks.
    """
    engine = current()
    if engine is None:
        engine = _first_that_works()
        CHOICE.parent.mkdir(parents=True, exist_ok=True)
        pulumi_home.write_if_new(CHOICE, json.dumps(asdict(engine), indent=2) + "\n")
    elif engine.origin == "built":
        _furnish(engine)
    return engine


def _first_that_works() -> Engine:
    lacking = []
    for way in (installed, official, built):
        try:
            return way()
        except (Problem, Unreadable) as problem:
            lacking.append(str(problem))
            if way is not built:
                _say(lacking[-1])
    raise Problem(
        "No way leads to a usable `pulumi` here:\n"
        + "".join(f"- {lack}\n" for lack in lacking)
        + "Mend one of them, then run this again. The simplest is to install Pulumi as its documentation says "
        '("Download and install Pulumi").'
    )


def installed() -> Engine:
    """Return the `pulumi` on PATH.

    Raises:
        Problem: there is none, it is too old, or it neither has the official plugins nor can fetch them.
    """
    found = shutil.which("pulumi")
    if found is None or Path(found).resolve().is_relative_to(CACHE):
        raise Problem("No `pulumi` is on PATH.")
    version = subprocess.run([found, "version"], capture_output=True, text=True, check=False).stdout.strip()
    numbers = re.match(r"v?(\d+)\.(\d+)", version)
    if not numbers or (int(numbers[1]), int(numbers[2])) < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise Problem(f"{found} is of version {version or 'unknown'}, and {needed} or newer is needed.")
    if failed := _fetch_plugins(Path(found), dict(os.environ)):
        raise Problem(f"{found} is there, but not the official plugins, and it cannot fetch them: {failed}")
    plugins = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi")) / "plugins"
    pulumi_home.link_official(plugins)
    _say(f"Using the installed {found}.")
    return Engine("installed", str(Path(found).parent), _pins())


def official() -> Engine:
    """Do the official install, through the SDK's own installer.

    Raises:
        Problem: it failed, or its plugins cannot be had; nothing of it stays.
    """
    _say("Trying the official install of Pulumi.")
    command: list[str | Path] = [VENV / "bin" / "python", "-c", INSTALLER, OFFICIAL, PULUMI.version]
    environment = os.environ | {"PULUMI_HOME": str(PULUMI_HOME), "HOME": str(OFFICIAL)}
    binary = OFFICIAL / "bin" / "pulumi"
    failed = _run(command, environment, INSTALL_TIMEOUT)
    if not failed:
        pulumi_home.clear(PULUMI_HOME)  # a substitute would count as installed
        failed = _fetch_plugins(binary, environment)
    if failed:
        shutil.rmtree(OFFICIAL, ignore_errors=True)
        raise Problem(f"The official install of Pulumi does not work here: {failed}")
    return Engine("official", str(binary.parent), _pins())


def built() -> Engine:
    """Build the engine from its pinned Go module and put our language host and substitute plugins beside it."""
    _say("Building the engine from its pinned Go module: a few minutes, once.")
    binary = PULUMI.ensure()
    engine = Engine("built", str(binary.parent), _pins())
    executor = PULUMI.module_folder(SDK) / "python" / "cmd" / EXECUTOR
    pulumi_home.write_if_new(binary.parent / EXECUTOR, executor.read_text(), mode=0o755)
    _furnish(engine)
    return engine


def _furnish(engine: Engine) -> None:
    """Bring what is ours, and changes with our own files, up to date."""
    text = HOST.format(python=shlex.quote(str(VENV / "bin" / "python")), root=shlex.quote(str(ROOT)))
    pulumi_home.write_if_new(engine.binary.parent / "pulumi-language-python", text, mode=0o755)
    pulumi_home.lay_out()


def _fetch_plugins(pulumi: Path, environment: Mapping[str, str]) -> str:
    """Have ``pulumi`` fetch the official plugins that the SDKs pin; return why one cannot be had, or nothing."""
    for name in pulumi_home.substitutes():
        command: list[str | Path] = [pulumi, "plugin", "install", "resource", name, pulumi_home.pinned_version(name)]
        if failed := _run(command, environment, PLUGIN_TIMEOUT):
            return f"{name}: {failed}"
    return ""


def _run(command: list[str | Path], environment: Mapping[str, str], timeout: float) -> str:
    """Run a command; return the last line that it said when it failed, else nothing."""
    try:
        done = subprocess.run(
            command,
            env=environment,
            timeout=timeout,
            check=False,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}."
    except subprocess.TimeoutExpired:
        return f"not done within {timeout:.0f} s."
    lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return (lines or [f"exit code {done.returncode}."])[-1] if done.returncode else ""


def _pins() -> str:
    """What decides whether a choice still holds: the engine's build and the plugins' versions."""
    plugins = [f"{name}-{pulumi_home.pinned_version(name)}" for name in pulumi_home.substitutes()]
    return " ".join([PULUMI.home.name, *plugins])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def require() -> Engine:
    """Return the engine chosen before.

    Raises:
        Problem: there is none yet.
    """
    engine = current()
    if engine is None:
        raise Problem("The toolchain is not ready. Run `python3 -m toolchain ensure` first.")
    return engine
