"""The wheel alone gives the linter: with all the files that it reads, and nothing but what it says it needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.policies.cases import ROOT

BLOCKED = """
import importlib.abc
import json
import sys

allowed = set(json.loads({allowed!r}))


class OnlyWhatIsRequired(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in allowed and not top.startswith("_sysconfigdata"):  # Python's own, named for the platform
            raise ModuleNotFoundError(f"{{name}} is not required by the wheel", name=name)
        return None


sys.meta_path.insert(0, OnlyWhatIsRequired())
"""
"""A module that keeps out of a program what a machine would lack that has the wheel and its requirements only."""
COMPOSE = """\
services:
  a:
    labels:
      - traefik.http.routers.a.rule=PathPrefix(`/socket.io`)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel is unpacked, as pip does, with its console script."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT / "raven_realtime", source / "raven_realtime", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, source)
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source))
    shutil.rmtree(source)
    site = folder / "site"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(site)
    (unpacked,) = metadata.distributions(path=[str(site)])
    (site / "sitecustomize.py").write_text(only("raven_realtime", *modules(*(unpacked.requires or ()))))
    return site


def only(*allowed: str) -> str:
    """Return the module that keeps out all but these top-level modules and Python's own."""
    return BLOCKED.format(allowed=json.dumps(sorted({*sys.stdlib_module_names, *allowed})))


def modules(*requirements: str) -> Iterator[str]:
    """Yield the top-level modules of all that requirements bring, directly or not; extras only where asked for."""
    seen: set[tuple[str, str]] = set()
    waiting = [(Requirement(line), "") for line in requirements]
    while waiting:
        needed, above = waiting.pop()
        if needed.marker and not needed.marker.evaluate({"extra": above}):
            continue
        found = metadata.distribution(needed.name)
        fresh = {(found.name, extra) for extra in ("", *needed.extras)} - seen
        seen |= fresh
        waiting += [(Requirement(line), extra) for _, extra in fresh for line in found.requires or ()]
    names = {_canonical(name) for name, _ in seen}
    for module, owners in metadata.packages_distributions().items():
        if names & set(map(_canonical, owners)):
            yield module


def console_script(site: Path) -> str:
    """Return the program that pip writes for the wheel's console script."""
    declared = ConfigParser()
    declared.read(next(site.glob("*.dist-info/entry_points.txt")))
    module, _, function = declared["console_scripts"]["raven-realtime"].partition(":")
    return f"import sys; from {module} import {function}; sys.exit({function}())"


def program(site: Path, text: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program with the wheel, in a folder of its own; ``-P`` and no user site keep this checkout out."""
    return subprocess.run(
        [sys.executable, "-P", "-s", "-c", text, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_wheel_lints(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text(COMPOSE)
    done = program(installed, console_script(installed), "lint", "compose.yml", "-o", "json", folder=tmp_path)
    assert done.stderr == ""
    assert done.returncode == 0
    assert [each["code"] for each in json.loads(done.stdout)["findings"]] == ["RT102"]


@pytest.mark.parametrize("command", ["", "doctor", "routes", "exporter"])
def test_every_command_starts(command: str, installed: Path, tmp_path: Path) -> None:
    words = [*command.split(), "--help"]
    done = program(installed, console_script(installed), *words, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage:" in done.stdout


@pytest.mark.parametrize("module", ["pulumi", "docker", "supervisor", "asyncssh", "policies", "tests"])
def test_what_the_wheel_does_not_require_is_kept_out(module: str, installed: Path, tmp_path: Path) -> None:
    done = program(installed, f"import {module}", folder=tmp_path)
    assert f"{module} is not required by the wheel" in done.stderr


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    done = program(installed, "import raven_realtime; print(raven_realtime.__file__)", folder=tmp_path)
    assert done.stdout.strip() == str(installed / "raven_realtime" / "__init__.py"), done.stderr


def test_the_pack_names_what_it_needs() -> None:
    lines = (ROOT / "policies" / "requirements.txt").read_text().split()
    text = only("policies", "raven_realtime", *modules(*lines))
    text += "from policies.pack import policies; print(len(policies()))"
    done = program(ROOT, text, folder=ROOT)
    assert int(done.stdout) > 30, done.stderr


def _canonical(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
