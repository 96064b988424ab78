"""The machine that measures: what it is, and as many descriptors as it gives."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
from pathlib import Path

from demo import node_packages
from raven_realtime.sandbox import nginx_check


def raise_descriptors() -> int:
    """Raise the limit of open files as far as the machine allows, for this process and its children; return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = int(Path("/proc/sys/fs/nr_open").read_text())
    for limit in (wanted, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, max(limit, hard)))
        except (ValueError, OSError):
            continue
        break
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def described() -> str:
    """Return the machine and the versions in one sentence."""
    versions = [
        f"Node {_said('node', '--version').removeprefix('v')}",
        f"socket.io {_version_of('socket.io')}",
        f"nginx {_said(nginx_check.find(), '-v').rpartition('/')[2]}",
    ]
    return f"Linux {platform.release()}, {os.cpu_count()} CPUs, {', '.join(versions)}"


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return (done.stdout or done.stderr).strip()


def _version_of(package: str) -> str:
    script = f"console.log(require('{package}/package.json').version)"
    command = ["node", "-e", script]
    done = subprocess.run(command, env=node_packages.environment(), capture_output=True, text=True, check=True)
    return done.stdout.strip()
