"""Where the command starts: what is loaded for the two ways that are asked most, and that they say what `cli` says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases"
HEALTHY = str(CASES / "58-good-fd-traefik-https")
FAULTY = str(CASES / "16-fd-host-header-not-set")
LOADED = """
import contextlib, io, os, sys
from raven_realtime.start import main
os._exit = sys.exit
sys.argv = ["raven-realtime", *sys.argv[1:]]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
print(*sys.modules)
"""
HEAVY = {"typer", "click", "pydantic", "rich", "httpx", "ruamel", "cryptography", "redis", "asyncio"}


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "words", [pytest.param(["--version"], id="version"), pytest.param(["lint", HEALTHY], id="lint")]
)
def test_nothing_heavy_is_loaded(words: list[str]) -> None:
    loaded = set(run("-c", LOADED, *words).stdout.split())
    assert {name.partition(".")[0] for name in loaded} & HEAVY == set()
    readers = {name.split(".")[2] for name in loaded if name.startswith("raven_realtime.proxies.")}
    assert readers & {"caddy", "haproxy", "apache", "ingress", "tunnels", "nginx_proxy"} == set()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        pytest.param(["--version"], 0, id="version"),
        pytest.param(["lint", HEALTHY], 0, id="healthy"),
        pytest.param(["lint", FAULTY], 1, id="faulty"),
        pytest.param(["lint", "no/such/file.conf"], 2, id="no-file"),
        pytest.param(["lint"], 2, id="usage"),
        pytest.param(["lint", "-o", "json", FAULTY], 1, id="with-an-option"),
        pytest.param(["linth"], 2, id="no-such-command"),
    ],
)
def test_it_says_what_the_command_line_says(words: list[str], code: int) -> None:
    short, whole = (run("-m", f"raven_realtime.{module}", *words) for module in ("start", "cli"))
    assert (short.returncode, whole.returncode) == (code, code)
    assert short.stdout == whole.stdout
    assert short.stderr.replace("raven_realtime.start", "") == whole.stderr.replace("raven_realtime.cli", "")


def test_colours_are_for_who_asks_for_them() -> None:
    command = [sys.executable, "-m", "raven_realtime.start", "lint", FAULTY]
    plain, coloured = (
        subprocess.run(
            command, cwd=ROOT, env={**os.environ, **more}, capture_output=True, text=True, check=False
        ).stdout
        for more in ({}, {"FORCE_COLOR": "1"})
    )
    assert "\x1b" not in plain
    assert "\x1b[1;31m" in coloured
