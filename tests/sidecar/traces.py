"""What a throw-away server leaves on the machine that it runs on."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psutil

from demo.server import Server


def traces_of(server: Server) -> dict[str, list[str]]:
    """Return what there is of a server on this machine."""
    folder, name = str(server.layout.folder), server.layout.server.name
    command_lines = [" ".join(process.info["cmdline"] or ()) for process in psutil.process_iter(["cmdline"])]
    namespaces = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout.split()
    groups = [path for path in Path("/sys/fs/cgroup").glob("**/") if path.name == name]
    return {
        "processes": [line for line in command_lines if folder in line or name in line],
        "namespaces": [each for each in namespaces if each.startswith(name)],
        "control groups": [str(group) for group in groups],
        "files": [folder] if server.layout.folder.exists() else [],
    }
