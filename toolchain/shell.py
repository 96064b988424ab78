"""The environment in which plain ``pulumi`` commands work on this project."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Mapping
from pathlib import Path

from toolchain.engine import Engine
from toolchain.places import PULUMI_HOME, STATE, VENV


def variables(engine: Engine, given: Mapping[str, str] = os.environ, state: Path = STATE) -> dict[str, str]:
    """Return the variables to set on top of ``given``; what the user has chosen already stays.

    The local backend and its passphrase (made here, mode 0600) lie in ``state``.
    """
    chosen = {
        "PATH": _path([str(VENV / "bin"), engine.folder], given.get("PATH", "")),
        "PULUMI_HOME": str(PULUMI_HOME),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }
    if engine.origin == "built":
        chosen["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
    if "PULUMI_BACKEND_URL" not in given:
        backend = state / "backend"
        backend.mkdir(parents=True, exist_ok=True)
        chosen["PULUMI_BACKEND_URL"] = f"file://{backend}"
    if not {"PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"} & given.keys():
        chosen["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(_passphrase(state / "passphrase"))
    return chosen


def exports(chosen: Mapping[str, str]) -> str:
    """Return ``export`` lines for a shell."""
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in chosen.items())


def _path(wanted: list[str], given: str) -> str:
    rest = [folder for folder in given.split(os.pathsep) if folder and folder not in wanted]
    return os.pathsep.join([*wanted, *rest])


def _passphrase(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
        try:
            os.link(fresh, path)  # fails if another process was faster: its passphrase is the one
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path
