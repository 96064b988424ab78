"""Programs built from a pinned Go module: ``go.mod`` and ``go.sum`` beside this file say which, down to every hash."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from raven_realtime.problem import Problem
from toolchain.places import BUILDS
from toolchain.progress import Progress

OLDEST_GO = (1, 21)
"""The first Go that fetches by itself the newer Go a module asks for."""


@dataclass(frozen=True)
class GoProgram:
    """One program and where its pins lie."""

    name: str
    """The program's file name, and the folder of its ``go.mod`` beside this file unless ``folder`` says otherwise."""
    folder: str
    module: str
    """The module whose version in ``go.mod`` is the program's."""
    version_variable: str
    """The Go variable that holds the version, for the linker's ``-X``."""
    version_prefix: str = ""
    """What stands before the number in that variable."""

    @property
    def source(self) -> Path:
        """The folder of the program's ``go.mod`` and ``go.sum``."""
        return Path(__file__).parent / self.folder

    @property
    def package(self) -> str:
        """The main package: the ``tool`` line of ``go.mod``."""
        return self._pinned(r"^tool (\S+)$", "a `tool` line")

    @property
    def version(self) -> str:
        """The pinned version, without a leading ``v``."""
        return self._pinned(rf"^(?:require )?\s*{re.escape(self.module)} v(\S+)", f"the version of {self.module}")

    @property
    def home(self) -> Path:
        """The folder of this build, named for all that goes into it; ``bin/`` in it holds the program."""
        pins = hashlib.sha256()
        for path in sorted(self.source.rglob("*")):
            if path.is_file():
                pins.update(path.read_bytes())
        pins.update(" ".join(self._flags()).encode())
        return BUILDS / f"{self.name}-{self.version}-{pins.hexdigest()[:12]}"

    @property
    def binary(self) -> Path:
        """Where the built program lies, or will."""
        return self.home / "bin" / self.name

    def ensure(self) -> Path:
        """Build the program unless this very build is there; return its path.

        Raises:
            Problem: Go is missing or too old, or the build failed (with the compiler's last lines).
        """
        if self.binary.is_file():
            return self.binary
        require_go(self.name)
        self.binary.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.binary.with_suffix(".unfinished")
        total = len(self._go(f"{self.name}: fetching its modules", "list", "-deps", self.package))
        self._go(
            f"{self.name}: compiling, at most {total} packages",
            *("build", "-v", *self._flags(), "-o", str(unfinished), self.package),
        )
        unfinished.replace(self.binary)
        return self.binary

    def module_folder(self, module: str) -> Path:
        """Return the folder in Go's module cache that holds ``module`` at its pinned version."""
        return Path(self._go(f"{self.name}: {module}", "list", "-m", "-f", "{{.Dir}}", module)[0])

    def _flags(self) -> list[str]:
        return ["-trimpath", "-ldflags", f"-s -w -X {self.version_variable}={self.version_prefix}{self.version}"]

    def _go(self, doing: str, *arguments: str) -> list[str]:
        """Run ``go`` in the program's folder, counting what it reports; return its standard output's lines."""
        environment = keeping_counters() | {
            "GOFLAGS": "-mod=readonly",
            "GOWORK": "off",
            "GOTMPDIR": str(self.home),
        }
        with (
            Progress(doing) as progress,
            subprocess.Popen(
                ["go", *arguments],
                cwd=self.source,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            ) as process,
        ):
            output = progress.follow(process)
        if process.returncode != 0:
            raise Problem(
                f"{doing}: `go {arguments[0]}` failed with exit code {process.returncode}:\n"
                + "\n".join(progress.last_lines)
                + f"\nThe pins are {self.source / 'go.mod'} and go.sum; the modules come from Go's module proxy."
            )
        return output

    def _pinned(self, pattern: str, what: str) -> str:
        path = self.source / "go.mod"
        found = re.search(pattern, path.read_text(), re.MULTILINE)
        if not found:
            raise Problem(f"{path}: {what} was expected and is not there.")
        return found[1]


def keeping_counters() -> dict[str, str]:
    """Return the environment in which `go` keeps its usage counters with our builds, not in the user's configuration.

    They have no variable of their own, so all of that moves, but for the user's settings (`go help telemetry`, and
    `go help environment`, GOENV). Go looks in XDG_CONFIG_HOME on Linux only (os.UserConfigDir). What writes
    them may end after `go` itself, so the folder is one that stays.
    """
    if sys.platform != "linux":
        return dict(os.environ)
    configuration = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return {"GOENV": str(configuration / "go" / "env"), **os.environ, "XDG_CONFIG_HOME": str(BUILDS / "go")}


def require_go(program: str) -> None:
    """Raise a :class:`Problem` that says how to get Go, unless a usable one is on PATH."""
    go = shutil.which("go")
    if go is None:
        raise Problem(
            f"{program} has to be built here and `go` is not on PATH. Install Go 1.26 or newer "
            "(package golang-go of your system where it is new enough, or Go's own archive), then run this again."
        )
    answer = subprocess.run(
        [go, "env", "GOVERSION"], env=keeping_counters(), capture_output=True, text=True, check=False
    ).stdout.strip()
    version = re.match(r"go(\d+)\.(\d+)", answer)
    if version and (int(version[1]), int(version[2])) < OLDEST_GO:
        raise Problem(f"{program} has to be built here and {go} is {answer}. Install Go 1.26 or newer.")


PULUMI = GoProgram(
    name="pulumi",
    folder="engine",
    module="github.com/pulumi/pulumi/pkg/v3",
    version_variable="github.com/pulumi/pulumi/sdk/v3/go/common/version.Version",
    version_prefix="v",
)
TRAEFIK = GoProgram(
    name="traefik",
    folder="traefik",
    module="github.com/traefik/traefik/v3",
    version_variable="github.com/traefik/traefik/v3/pkg/version.Version",
)
ACTIONLINT = GoProgram(
    name="actionlint",
    folder="actionlint",
    module="github.com/rhysd/actionlint",
    version_variable="github.com/rhysd/actionlint.version",
)
"""The linter of GitHub's workflows."""
