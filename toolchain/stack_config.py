"""Use a stack without writing into its Pulumi.<stack>.yaml.

The passphrase provider adds an ``encryptionsalt`` to that file when a stack is made. `make` must leave a checkout as it
is, so the stack is made from a folder of its own and the engine is given a copy of the configuration.
"""

from __future__ import annotations

import os
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
    """Forget a stack that is empty, and its copied configuration."""
    pulumi("stack", "rm", "--yes", stack)


def pulumi(*arguments: str) -> None:
    """Run the engine in the folder of the copies; what it says on success is of no interest."""
    subprocess.run(["pulumi", "-C", str(FOLDER), *arguments], check=True, stdout=subprocess.DEVNULL, env=os.environ)


def _lines(file: Path) -> list[str]:
    text = file.read_text() if file.exists() else ""
    return [f"{line}\n" for line in text.splitlines()]


def _salts(lines: list[str]) -> list[str]:
    return [line for line in lines if line.startswith(SALT)]
