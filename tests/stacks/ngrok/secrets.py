"""Where a text is to be found on this machine: what must hold for an authtoken is that it is nowhere."""

from __future__ import annotations

import json
from pathlib import Path

import psutil

from tests.stacks.ngrok.tunnelled import Tunnelled


def places_of(text: str, tunnel: Tunnelled) -> set[str]:
    """Return where a text stands: command lines, environments, the sandbox's files and logs, Pulumi's state and output.

    The agent's configuration file is left out: it is the one place where an authtoken has to be.
    """
    found = {"printed" for said in tunnel.printed if text in said}
    for process in tunnel.processes():
        try:
            if text in " ".join(process.cmdline()):
                found.add("command lines")
            if text in json.dumps(process.environ()):
                found.add("environments")
        except psutil.Error:
            continue
    exported = tunnel.stack.pulumi("stack", "export", "--stack", tunnel.stack.name).stdout
    if text in exported or any(text in said for said in _texts(tunnel.stack.state)):
        found.add("state")
    if any(text in said for said in _texts(tunnel.copy.places.root, but=tunnel.copy.places.ngrok_conf)):
        found.add("files")
    return found


def _texts(folder: Path, but: Path | None = None) -> list[str]:
    files = [file for file in folder.rglob("*") if file.is_file() and file != but and "plugins" not in file.parts]
    return [file.read_text(errors="replace") for file in files]
