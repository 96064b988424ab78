"""A real sshd on loopback, whose sessions see the Docker daemon that a test chose."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from demo.ports import free_port


@dataclass(frozen=True)
class Sshd:
    """A running server."""

    port: int
    key: Path
    """A private key that it accepts."""
    options: tuple[str, ...]
    """The flags of ssh that use the key and trust the server."""


@contextmanager
def running_sshd(folder: Path, environment: Mapping[str, str]) -> Iterator[Sshd]:
    """Run an sshd that lets this user in by key, and puts ``environment`` into each session."""
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "sshd is not installed: apt-get install openssh-server"
    Path("/run/sshd").mkdir(exist_ok=True)  # where sshd, as Debian builds it, locks itself in
    for name in ("host", "client"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    port = free_port()
    config = folder / "sshd_config"
    settings = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": folder / "host",
        "AuthorizedKeysFile": folder / "client.pub",
        "PidFile": "none",
        "PasswordAuthentication": "no",
        "PermitRootLogin": "prohibit-password",
        "StrictModes": "no",
        "SetEnv": " ".join(f"{key}={value}" for key, value in environment.items()),
    }
    config.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    known = folder / "known_hosts"
    known.write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
    key = folder / "client"
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", program, "-D", "-e", "-f", config], stderr=log)
    try:
        _wait(server, port, folder / "log")
        yield Sshd(port, key, ("-i", str(key), "-o", "IdentitiesOnly=yes", "-o", f"UserKnownHostsFile={known}"))
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(100):
        if server.poll() is not None:
            break
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"sshd did not start: {log.read_text()}")
