"""A newcomer's run: the built wheel in an empty environment, as a plain user, without Pulumi, Docker or root."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.processes import ROOT
from tests.hops.conftest import SITE, StartNginx

pytestmark = [pytest.mark.full, pytest.mark.timeout(580)]
NOBODY = 65534


@pytest.fixture(scope="module")
def installed() -> Iterator[Path]:
    """The program, installed from the wheel into an environment that holds nothing else."""
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
        run(sys.executable, "-m", "venv", str(folder / "venv"))
        run(*outer_network(), str(folder / "venv/bin/pip"), "install", "--quiet", str(next(folder.glob("*.whl"))))
        yield folder / "venv/bin/raven-realtime"


def outer_network() -> tuple[str, ...]:
    """What to put before a command that needs the registry: the tests themselves run in a network of their own."""
    return ("nsenter", f"--net=/proc/{os.getppid()}/ns/net") if os.geteuid() == 0 else ()


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def as_nobody(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a plain user with an empty environment."""
    if os.geteuid() == 0:
        command = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command)
    clean = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(command, env=clean, cwd="/", capture_output=True, text=True, check=False, timeout=60)


def test_doctor_on_the_demo(installed: Path, nginx: StartNginx) -> None:
    result = as_nobody(str(installed), "doctor", nginx().origin, "--site", SITE)
    assert result.returncode == 0, result
    assert "No hop is broken, but: RT017" in result.stdout


def test_the_page_comes_with_the_wheel(installed: Path, nginx: StartNginx) -> None:
    result = as_nobody(str(installed), "doctor", nginx("return 502;").origin, "--site", SITE, "-o", "html")
    assert result.returncode == 1, result
    assert result.stdout.startswith("<!doctype html>")


def test_explain_and_version(installed: Path) -> None:
    assert "Origin refused" in as_nobody(str(installed), "explain", "RT008").stdout
    assert as_nobody(str(installed), "--version").stdout.strip()
    assert "pulumi" not in run(str(installed.parent / "pip"), "list").lower()
