"""Run the real Apache httpd for a test."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

MODULES = Path("/usr/lib/apache2/modules")
_LOADED = (
    *("mpm_event", "authz_core", "authz_host", "authz_user", "authn_core", "authn_file", "auth_basic", "alias",
    "rewrite"),
    *("headers", "proxy", "proxy_http", "proxy_wstunnel", "proxy_balancer", "slotmem_shm", "lbmethod_byrequests"),
    *("access_compat", "setenvif", "env"),
)  # fmt: skip


def preamble(folder: Path) -> str:
    """Return what every configuration needs: the modules, where it logs, and no files of its own."""
    lines = [f"LoadModule {name}_module {MODULES}/mod_{name}.so" for name in _LOADED]
    if os.geteuid() == 0:
        lines += ["User www-data", "Group www-data"]
    lines += [
        f"ServerRoot {folder}", f"DefaultRuntimeDir {folder}", f"PidFile {folder}/pid", f"ErrorLog {folder}/error.log",
        "Mutex posixsem", "ServerName main.test", f"DocumentRoot {MODULES}", "StartServers 1", "ThreadsPerChild 16",
        "MaxRequestWorkers 16", "MinSpareThreads 4", "MaxSpareThreads 16", "KeepAlive Off", "ProxyBadHeader IsError",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


@dataclass
class Program:
    """Apache in the foreground on one configuration file; ends with its children when the test ends."""

    path: Path
    address: tuple[str, int]
    """One that the configuration listens on: what tells that it is up."""

    def __enter__(self) -> Program:
        found = shutil.which("apache2") or "/usr/sbin/apache2"
        self.log = self.path.with_suffix(".log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [found, "-f", str(self.path), "-DFOREGROUND"], stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(self.address, 1).close()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, "Apache does not listen"
                time.sleep(0.02)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
