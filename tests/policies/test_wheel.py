"""The wheel alone gives the linter: with all the files that it reads, and nothing of this checkout."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.policies.cases import ROOT


def test_the_wheel_lints(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(ROOT / "raven_realtime", source / "raven_realtime", ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md", "LICENSE"):
        if (ROOT / file).exists():
            shutil.copy(ROOT / file, source)
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(source))
    shutil.rmtree(source)
    installed = tmp_path / "installed"
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(installed)
    (tmp_path / "compose.yml").write_text(
        "services:\n  a:\n    labels:\n      - traefik.http.routers.a.rule=PathPrefix(`/socket.io`)\n"
    )
    program = "import sys; from raven_realtime import cli; print(cli.__file__, file=sys.stderr); cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "lint", "compose.yml", "-o", "json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr.strip() == str(installed / "raven_realtime" / "cli.py")
    assert done.returncode == 1
    assert [each["code"] for each in json.loads(done.stdout)["findings"]] == ["RT102"]


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
