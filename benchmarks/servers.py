"""The servers of a measurement: the Socket.IO process, and nginx in front of it."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.comparison import Candidate
from demo import node_packages
from demo.running import free_ports
from raven_realtime.nginx import verify

HERE = Path(__file__).parent


@contextmanager
def socketio() -> Iterator[int]:
    """Run the Socket.IO process and give its port."""
    node_packages.install()
    port = free_ports().socketio
    with running(["node", str(HERE / "server.js"), str(port)], port, node_packages.environment()):
        yield port


@contextmanager
def nginx(folder: Path, text: str, port: int) -> Iterator[int]:
    """Run nginx with a configuration whose server listens on ``port``; it keeps its files in ``folder``."""
    file = folder / "nginx.conf"
    file.write_text(text)
    command = [verify.find(), "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(file)]
    with running([*command, *(["-g", "daemon off;"] if "daemon off;" not in text else [])], port):
        yield port


@contextmanager
def running(command: list[str], port: int, environment: dict[str, str] | None = None) -> Iterator[None]:
    """Run a program until it listens on a port, and stop it afterwards."""
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 15
            while not _listens(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"`{' '.join(command)}` does not listen on port {port}")
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def served(candidate: Candidate) -> Iterator[int]:
    """Open a candidate's path to a Socket.IO process of its own and give the path's port."""
    with (
        tempfile.TemporaryDirectory(prefix="raven-realtime-bench-") as folder,
        socketio() as origin,
        candidate.serve(Path(folder), origin) as port,
    ):
        yield port
