"""Run the real HAProxy for a test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Program:
    """HAProxy in the foreground on one configuration file; ends when the test ends."""

    path: Path
    address: tuple[str, int]
    """One that the configuration binds: what tells that it is up."""

    def __enter__(self) -> Program:
        found = shutil.which("haproxy") or "/usr/sbin/haproxy"
        self.log = self.path.with_suffix(".log")
        with self.log.open("w") as log:
            self.process = subprocess.Popen([found, "-db", "-f", str(self.path)], stdout=log, stderr=log)
        deadline = time.monotonic() + 15
        while True:
            try:
                socket.create_connection(self.address, 1).close()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, "HAProxy does not listen"
                time.sleep(0.02)
            else:
                return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
