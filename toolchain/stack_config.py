"""Use a stack without writing into its Pulumi.<stack>.yaml.

The passphrase provider adds an ``encryptionsalt`` to that file when a stack is made. `make` must leave a checkout as it
is, so the stack is made from a folder of its own and the engine is given a copy of the configuration.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

from toolchain.places import ROOT, STATE

FOLDER = STATE / "project"
SALT = "encryptionsalt:"


def prepare(stack: str) -> Path:
    """Make the stack unless there is one, and return the copy of its configuration, for ``--config-file``.

    Raises:
        subprocess.CalledProcessError: the engine refused; it has said why.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "Pulumi.yaml").write_text("name: raven-realtime\nruntime: python\n")
    copy = FOLDER / f"Pulumi.{stack}.yaml"
    own = _lines(ROOT / f"Pulumi.{stack}.yaml")
    salt = [] if _salts(own) else _salts(_lines(copy))
    copy.write_text("".join([*own, *salt]))
    pulumi("stack", "select", "--create", stack)
    return copy


def remove(stack: str) -> None:
    """Forget a stack that is empty, and its copied configuration; after the last one, all that we keep of stacks."""
    pulumi("stack", "rm", "--yes", stack)
    backend = STATE / "backend"
    if backend.is_dir() and not any(backend.glob(".pulumi/stacks/**/*.json")):
        for folder in (backend, FOLDER):
            shutil.rmtree(folder, ignore_errors=True)
        (STATE / "passphrase").unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # something else is kept there, such as the demo server
            STATE.rmdir()


def pulumi(*arguments: str) -> None:
    """Run the engine in the folder of the copies; what it says on success is of no interest."""
    subprocess.run(["pulumi", "-C", str(FOLDER), *arguments], check=True, stdout=subprocess.DEVNULL, env=os.environ)


def _lines(file: Path) -> list[str]:
    text = file.read_text() if file.exists() else ""
    return [f"{line}\n" for line in text.splitlines()]


def _salts(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(SALT)]
