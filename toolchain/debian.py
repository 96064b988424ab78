"""Debian's packages: which a use needs, and installing them without leaving their stock services running."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from raven_realtime.problem import Problem

UP: Mapping[str, str] = {
    "nginx-light": "nginx",
    "redis-server": "redis-server",
    "curl": "curl",
    "nodejs": "node",
    "npm": "npm",
}
"""Packages of the sandbox, each with the program that shows it is there, however it came."""

TEST: Mapping[str, str] = {
    **UP,
    "chromium": "chromium",
    "openssh-server": "sshd",
    "openssh-client": "ssh-keygen",
    "procps": "ps",
    "jq": "jq",
    "prometheus": "prometheus",
    "iproute2": "ip",
    "util-linux": "unshare",
    "caddy": "caddy",
    "haproxy": "haproxy",
    "apache2": "apache2",
    "build-essential": "gcc",
    "libpcre2-dev": "pcre2-config",
    "mmdebstrap": "mmdebstrap",
}

PROD: Mapping[str, str] = {
    **UP,
    "docker.io": "dockerd",
    "mmdebstrap": "mmdebstrap",
    "docker-registry": "docker-registry",
    "pebble": "pebble",
    "iptables": "iptables",
    "iproute2": "ip",
    "util-linux": "nsenter",
    "openssh-server": "sshd",
}
"""Packages that stand in for a production server: a Docker host, an image registry, an ACME server."""

PACKAGES: Mapping[str, Mapping[str, str]] = {"up": UP, "test": TEST, "prod": PROD}

SYSTEM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where servers lie that a user's PATH may not show."""


def missing(uses: Iterable[str]) -> list[str]:
    """Return the packages that these uses need and whose programs are not on this machine."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM_FOLDERS])
    needed = {package: program for use in uses for package, program in PACKAGES.get(use, {}).items()}
    return sorted(package for package, program in needed.items() if shutil.which(program, path=path) is None)


def install_command(packages: Iterable[str]) -> list[str]:
    """Return the command that installs packages."""
    return ["apt-get", "install", "--yes", "--no-install-recommends", *packages]


def ensure(uses: Iterable[str], root: bool | None = None) -> None:
    """Install what is missing for these uses; stop the services that the install started, and only those.

    Raises:
        Problem: this is not a Debian, we are not root, or apt failed; the message has the command to run.
    """
    packages = missing(uses)
    if not packages:
        return
    command = install_command(packages)
    if shutil.which("apt-get") is None:
        wanted = ", ".join(packages)
        raise Problem(
            f"These are missing: {wanted} (the names are those of Debian's packages), and there is no `apt-get` here "
            "to install them. Install their likes with your system's package manager, then run this again."
        )
    if not (os.geteuid() == 0 if root is None else root):
        raise Problem(
            "Packages are missing, and only root may install them. Run this, then try again:\n\n"
            f"  sudo {shlex.join(command)}"
        )
    print(f"Installing Debian packages: {', '.join(packages)}", file=sys.stderr, flush=True)
    before = _installed()
    _apt(["apt-get", "update", "--quiet"])
    _apt(command)
    _stop(_services(_installed() - before))


def _apt(command: list[str]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise Problem(f"`{shlex.join(command)}` failed with exit code {done.returncode}:\n{said}")


def _installed() -> set[str]:
    listed = subprocess.run(
        ["dpkg-query", "--show", "--showformat", "${db:Status-Status} ${Package}\n"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return {line.split()[1] for line in listed.splitlines() if line.startswith("installed ")}


def _services(packages: set[str]) -> list[str]:
    """Return the services that newly installed packages brought."""
    if not packages:
        return []
    files = subprocess.run(
        ["dpkg", "--listfiles", *sorted(packages)], capture_output=True, text=True, check=True
    ).stdout
    return sorted({Path(file).name for file in files.splitlines() if file.startswith("/etc/init.d/")})


def _stop(services: list[str]) -> None:
    """Stop services, and keep systemd from starting them again at boot, where there is a systemd."""
    for service in services:
        systemd = Path("/run/systemd/system").is_dir()
        command = ["systemctl", "disable", "--now", service] if systemd else ["service", service, "stop"]
        subprocess.run(command, capture_output=True, check=False)
    if services:
        print(f"Stopped the stock services that came with them: {', '.join(services)}", file=sys.stderr, flush=True)
