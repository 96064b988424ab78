"""``pytest -p tests.tested_with``: a green `make test-full` writes what the tests run with to docs/tested-with.md."""

from __future__ import annotations

import datetime as dt
import platform
import re
import subprocess
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from demo import node_packages
from toolchain import newest, nginx
from toolchain.engine import require
from toolchain.golang import TRAEFIK

FILE = Path(__file__).parents[1] / "docs" / "tested-with.md"
HEAD = """\
# Tested with

What the tests run with on a machine that `make test` furnished. `make test-full` writes this table.

"""
PACKAGES = ("pulumi", "pulumi-docker", "pulumi-command", "pulumi-policy", "pydantic", "python-socketio")
PROXIES = {"nginx": ("nginx", "-v"), "Caddy": ("caddy", "version"), "HAProxy": ("haproxy", "-v")}
"""Of which the newest is asked too."""
SYSTEM = {
    "Docker": ("dockerd", "--version"),
    "Apache": ("apache2", "-v"),
    "redis": ("redis-server", "--version"),
    "Node": ("node", "--version"),
    "Chromium": ("chromium", "--version"),
    "OpenSSH": ("ssh", "-V"),
}
"""What Debian brings, and how each says its version."""
NUMBER = re.compile(r"\d+(?:\.\d+)+")


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Write the table, once: xdist's workers leave it to the process that has them."""
    if exitstatus == 0 and not hasattr(session.config, "workerinput"):
        FILE.write_text(table())


def table() -> str:
    """Return the page."""
    rows = [f"| {program} | {found} |" for program, found in versions()]
    return HEAD + "\n".join([f"| on {dt.datetime.now(dt.UTC):%Y-%m-%d} | version |", "|---|---|", *rows, ""])


def versions() -> Iterator[tuple[str, str]]:
    """Give each program and its version."""
    yield "Linux", platform.release().partition("-")[0]
    yield "Python", platform.python_version()
    yield "Pulumi", said(str(require().binary), "version")
    yield from ((f"{package} (Python)", version(package)) for package in PACKAGES)
    yield "Traefik", TRAEFIK.version
    for name, command in PROXIES.items():
        programs = [command[0], *([str(nginx.BINARY)] if name == "nginx" else []), str(newest.program(command[0]))]
        yield name, ", ".join(said(program, *command[1:]) for program in programs)
    yield from ((program, said(*command)) for program, command in SYSTEM.items())
    script = "console.log(require('socket.io/package.json').version)"
    yield "Socket.IO", said("node", "-e", script, environment=node_packages.environment())


def said(*command: str, environment: dict[str, str] | None = None) -> str:
    """Return the first version that a program prints."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = NUMBER.search(done.stdout) or NUMBER.search(done.stderr)
    assert found, (command, done.stdout, done.stderr)
    return found[0]
