"""A real SSH server for a test: on a free port of loopback, with keys and configuration of its own."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.ports import free_port

SYSTEM_PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])

CONFIGURATION = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin yes
AcceptEnv {accepted}
Subsystem sftp internal-sftp
"""


@dataclass(frozen=True)
class Server:
    """A running server and what a client needs."""

    port: int
    user: str
    private_key: str
    encrypted_key: str
    """The same key, encrypted with ``passphrase``."""
    passphrase: str
    host_key: str
    """The server's public key, as ``hostKey`` takes it."""
    other_host_key: str


@contextlib.contextmanager
def serving(folder: Path, accepted: Sequence[str] = ("ACCEPTED",), host_key: str = "ed25519") -> Iterator[Server]:
    """Run a server for the time of the block; it takes the variables ``accepted`` from clients.

    Tests fail, and say so, where there is no sshd.
    """
    daemon = shutil.which("sshd", path=SYSTEM_PATH)
    assert daemon is not None, "sshd is missing: python3 -m toolchain ensure --for test"
    for name in ("host_key", "other_key", "user_key"):
        kind = host_key if name == "host_key" else "ed25519"
        _keygen("-q", "-t", kind, "-N", "", "-f", str(folder / name))
    shutil.copy(folder / "user_key", folder / "encrypted_key")
    _keygen("-q", "-p", "-P", "", "-N", "open sesame", "-f", str(folder / "encrypted_key"))
    shutil.copy(folder / "user_key.pub", folder / "authorized_keys")
    port = free_port()
    configuration = folder / "sshd_config"
    configuration.write_text(CONFIGURATION.format(port=port, folder=folder, accepted=" ".join(accepted)))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(
            mode=0o755, exist_ok=True
        )  # where sshd gives up its privileges; Debian makes it at boot
    with (folder / "sshd.log").open("w") as log:
        process = subprocess.Popen([daemon, "-D", "-e", "-f", configuration], stdout=log, stderr=log)
        try:
            _wait_for(port, process, folder / "sshd.log")
            yield Server(
                port=port,
                user=getpass.getuser(),
                private_key=(folder / "user_key").read_text(),
                encrypted_key=(folder / "encrypted_key").read_text(),
                passphrase="open sesame",
                host_key=(folder / "host_key.pub").read_text(),
                other_host_key=(folder / "other_key.pub").read_text(),
            )
        finally:
            process.terminate()
            process.wait(timeout=10)


def _keygen(*arguments: str) -> None:
    subprocess.run(["ssh-keygen", *arguments], check=True, capture_output=True)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(200):
        assert process.poll() is None, f"sshd ended: {log.read_text()}"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"sshd does not listen: {log.read_text()}")
