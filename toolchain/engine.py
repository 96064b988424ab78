"""Which `pulumi` this project uses: an installed one, else the official install, else one built here."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from raven_realtime.problem import Problem
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

OFFICIAL = BUILDS / f"official-{PULUMI.version}"
CHOICE = BUILDS / "engine.json"
"""Which engine was chosen, and for which pins."""

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
        engine = installed() or official() or built()
        CHOICE.parent.mkdir(parents=True, exist_ok=True)
        pulumi_home.write_if_new(CHOICE, json.dumps(asdict(engine), indent=2) + "\n")
    elif engine.origin == "built":
        _furnish(engine)
    return engine


def installed() -> Engine | None:
    """Return the `pulumi` on PATH if it has, or can fetch, the official plugins."""
    found = shutil.which("pulumi")
    if found is None or Path(found).resolve().is_relative_to(CACHE):
        return None
    if not _fetch_plugins(Path(found), dict(os.environ)):
        _say(f"{found} is there, but not the official plugins, and it cannot fetch them.")
        return None
    plugins = Path(os.environ.get("PULUMI_HOME", Path.home() / ".pulumi")) / "plugins"
    pulumi_home.link_official(plugins)
    _say(f"Using the installed {found}.")
    return Engine("installed", str(Path(found).parent), _pins())


def official() -> Engine | None:
    """Try the official install through the SDK's own installer; return nothing where its host is out of reach."""
    installer = (
        "import socket, sys; socket.setdefaulttimeout(5)\n"
        "from pulumi.automation import PulumiCommand\n"
        "from semver import VersionInfo\n"
        "PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]))\n"
    )
    _say("Trying the official install of Pulumi.")
    command: list[str | Path] = [VENV / "bin" / "python", "-c", installer, OFFICIAL, PULUMI.version]
    environment = os.environ | {"PULUMI_HOME": str(PULUMI_HOME), "HOME": str(OFFICIAL)}
    binary = OFFICIAL / "bin" / "pulumi"
    if _run(command, environment, INSTALL_TIMEOUT) and binary.is_file():
        pulumi_home.clear()  # a substitute would count as installed
        if _fetch_plugins(binary, environment):
            return Engine("official", str(binary.parent), _pins())
    shutil.rmtree(OFFICIAL, ignore_errors=True)
    _say("Pulumi's own download host does not answer from here.")
    return None


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


def _fetch_plugins(pulumi: Path, environment: Mapping[str, str]) -> bool:
    """Have ``pulumi`` fetch the official plugins that the SDKs pin; false when one cannot be had."""
    return all(
        _run(
            [pulumi, "plugin", "install", "resource", name, pulumi_home.pinned_version(name)],
            environment,
            PLUGIN_TIMEOUT,
        )
        for name in pulumi_home.substitutes()
    )


def _run(command: list[str | Path], environment: Mapping[str, str], timeout: float) -> bool:
    try:
        done = subprocess.run(
            command, env=environment, timeout=timeout, capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


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
