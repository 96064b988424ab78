"""The newest nginx, Caddy and HAProxy beside the system's, from Debian's testing distribution: tests ask both.

The distribution moves on, so a version is the one that a program says itself. Nothing is installed: the packages are
unpacked into a folder of ours, and the programs are started with the libraries that came with them.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from raven_realtime.problem import Problem
from toolchain.places import BUILDS
from toolchain.progress import Progress

DISTRIBUTION = "forky"
PROGRAMS = {"nginx": "usr/sbin/nginx", "caddy": "usr/bin/caddy", "haproxy": "usr/sbin/haproxy"}
"""Packages, each with its program."""
BOOTSTRAP = (
    "mmdebstrap",
    "--quiet",
    "--mode=root",
    "--variant=extract",
    f"--include={','.join(PROGRAMS)}",
    '--aptopt=Acquire::Check-Valid-Until "false"',  # a mirror of some day ago is as good
    "--aptopt=Apt::Install-Recommends false",
    DISTRIBUTION,
)
START = """\
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/{loader}" --library-path "$here/{libraries}" "$here/{program}" "$@"
"""
HOME = BUILDS / f"newest-{hashlib.sha256(' '.join(BOOTSTRAP).encode()).hexdigest()[:12]}"


def ensure() -> None:
    """Unpack them, unless they are there.

    Raises:
        Problem: mmdebstrap failed (with its last words).
    """
    if HOME.is_dir():
        return
    doing = f"unpacking the newest {', '.join(PROGRAMS)}"
    with tempfile.TemporaryDirectory(prefix="newest-", dir=BUILDS) as folder, Progress(doing) as progress:
        made = Path(folder, "made")
        made.mkdir()
        progress.run([*BOOTSTRAP, str(made / "root")], made)
        for part in (*(made / "root" / "var").iterdir(), *(made / "root" / "usr" / "share").iterdir()):
            shutil.rmtree(part, ignore_errors=True)
        (loader,) = made.glob("root/usr/lib64/ld-linux*.so.*")
        (libraries,) = made.glob("root/usr/lib/*-linux-gnu")
        for name, program in PROGRAMS.items():
            start = made / name
            places = (each.relative_to(made) for each in (loader, libraries, made / "root" / program))
            start.write_text(START.format(**dict(zip(("loader", "libraries", "program"), places, strict=True))))
            start.chmod(0o755)
        made.chmod(0o755)
        made.rename(HOME)


def program(name: str) -> Path:
    """Return where a program of `PROGRAMS` is.

    Raises:
        Problem: it is not there yet.
    """
    found = HOME / name
    if not found.is_file():
        raise Problem(f"The newest {name} is not here yet. Run `python3 -m toolchain ensure --for test` first.")
    return found
