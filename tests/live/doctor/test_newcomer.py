"""A newcomer's run: the built wheel in an empty environment, as a plain user throughout; no Pulumi, Docker or root."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from demo.processes import ROOT
from tests.live.conftest import SITE, StartNginx

pytestmark = pytest.mark.timeout(580)
NOBODY = 65534
PINNED = ROOT / "requirements" / "runtime.txt"
WHEELS = ROOT / ".cache" / "wheels"
PASSED_ON = ("PIP_", "SSL_CERT_", "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy", "NO_PROXY")
"""How this machine reaches a registry, by the start of the variables' names."""


@dataclass(frozen=True)
class Newcomer:
    """A plain user with a home of their own and nothing in it."""

    home: Path

    @property
    def program(self) -> Path:
        """What `pip install` gave them."""
        return self.home / "venv" / "bin" / "raven-realtime"

    def runs(self, *command: str, outside: bool = False) -> subprocess.CompletedProcess[str]:
        """Run a command as that user, with an empty environment.

        Args:
            command: what to run.
            outside: in the machine's own network, with what pip needs for its registry: the tests have a network apart.
        """
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.home)}
        if os.geteuid() == 0:
            command = (
                "setpriv",
                f"--reuid={NOBODY}",
                f"--regid={NOBODY}",
                "--clear-groups",
                "--no-new-privs",
                *command,
            )
        if outside:
            environment |= {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
            command = (*machines_network(), *command)
        return subprocess.run(
            command, env=environment, cwd=self.home, capture_output=True, text=True, check=False, timeout=300
        )

    @cached_property
    def python(self) -> tuple[str, str]:
        """A Python that this user may run and that is new enough, and its version: the one under test may be root's."""
        ask = "import ensurepip, sys; assert sys.version_info >= (3, 11); print('%d.%d' % sys.version_info[:2])"
        candidates = [str(Path(sys.executable).resolve()), "/usr/local/bin/python3", "/usr/bin/python3"]
        for candidate in filter(os.path.exists, candidates):
            told = self.runs("env", candidate, "-c", ask)
            if told.returncode == 0:
                return candidate, told.stdout.strip()
        raise AssertionError(f"a plain user can run none of {', '.join(candidates)} with Python 3.11 and its venv")

    def installs(self, *arguments: str, outside: bool = False) -> None:
        """Make an environment and install into it."""
        python, _ = self.python
        pip = str(self.home / "venv" / "bin" / "pip")
        for words in ((python, "-m", "venv", "venv"), (pip, "install", "--quiet", "--no-compile", *arguments)):
            done = self.runs(*words, outside=outside)
            assert done.returncode == 0, done.stdout + done.stderr


def machines_network() -> tuple[str, ...]:
    """What to put before a command that needs the registry."""
    return ("nsenter", f"--net=/proc/{os.getppid()}/ns/net") if os.geteuid() == 0 else ()


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel() -> Iterator[Path]:
    """The project's wheel, where everybody may read it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        source = folder / "source"
        shutil.copytree(
            ROOT / "raven_realtime", source / "raven_realtime", ignore=shutil.ignore_patterns("__pycache__")
        )
        for file in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / file, source)
        run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source))
        yield next(folder.glob("*.whl"))


def pinned(version: str) -> Path:
    """Return the wheels of what the project needs, pinned by version and hash; fetched once for all test runs."""
    folder = WHEELS / f"{version}-{hashlib.sha256(PINNED.read_bytes()).hexdigest()[:16]}"
    if not folder.is_dir():
        WHEELS.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=WHEELS) as fresh:
            fetch = (sys.executable, "-m", "pip", "download", "--quiet", "--only-binary", ":all:", "--no-deps")
            exact = ("--python-version", version, "--require-hashes")
            run(*machines_network(), *fetch, *exact, "--requirement", str(PINNED), "--dest", f"{fresh}/wheels")
            Path(fresh, "wheels").rename(folder)
    return folder


@pytest.fixture(scope="module", params=["pinned", pytest.param("registry", marks=pytest.mark.full)])
def newcomer(request: pytest.FixtureRequest, wheel: Path) -> Iterator[Newcomer]:
    """Somebody who installed the wheel with what it needs: the pinned versions, or what the registry has now."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        somebody = Newcomer(folder / "home")
        somebody.home.mkdir()
        if os.geteuid() == 0:
            folder.chmod(0o755)
            os.chown(somebody.home, NOBODY, NOBODY)
        if request.param == "registry":
            somebody.installs(str(wheel), outside=True)
        else:
            shutil.copytree(pinned(somebody.python[1]), folder / "wheels")
            somebody.installs("--no-index", "--find-links", str(folder / "wheels"), str(wheel))
        yield somebody


def test_all_of_it_is_a_plain_users(newcomer: Newcomer) -> None:
    assert newcomer.runs("id", "-u").stdout.strip() != "0"
    assert {file.lstat().st_uid for file in newcomer.home.rglob("*")} == {int(newcomer.runs("id", "-u").stdout)}
    installed = newcomer.runs(str(newcomer.program.with_name("pip")), "list").stdout.lower()
    assert "raven-realtime" in installed
    assert "pulumi" not in installed


def test_doctor_on_the_demo(newcomer: Newcomer, nginx: StartNginx) -> None:
    result = newcomer.runs(str(newcomer.program), "doctor", nginx().origin, "--site", SITE)
    assert result.returncode == 0, result
    assert "No hop is broken, but: RT017" in result.stdout


def test_the_page_comes_with_the_wheel(newcomer: Newcomer, nginx: StartNginx) -> None:
    result = newcomer.runs(str(newcomer.program), "doctor", nginx("return 502;").origin, "--site", SITE, "-o", "html")
    assert result.returncode == 1, result
    assert result.stdout.startswith("<!doctype html>")


def test_explain_and_version(newcomer: Newcomer) -> None:
    assert "Origin refused" in newcomer.runs(str(newcomer.program), "explain", "RT008").stdout
    assert newcomer.runs(str(newcomer.program), "--version").stdout.strip()
