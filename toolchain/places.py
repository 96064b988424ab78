"""The folders and files the toolchain writes: all inside the project, all git-ignored."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The project's folder."""

VENV = ROOT / ".venv"
"""The virtual environment of the project, its tests and its Pulumi programs."""

CACHE = ROOT / ".cache"
"""What can be made again: built programs, Pulumi's home with its plugins."""

BUILDS = CACHE / "toolchain"
"""One folder a built program and set of pins."""

PULUMI_HOME = CACHE / "pulumi-home"
"""``PULUMI_HOME`` of every engine we start, so that nothing is written to the user's."""

STATE = ROOT / ".state"
"""What cannot be made again: the local backend and its passphrase."""

REQUIREMENTS = ROOT / "requirements"
