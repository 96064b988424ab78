"""Something else on the server in Socket.IO's place."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.server import Server
from demo.server.namespaces import listens
from raven_realtime.ports import SOCKETIO_PORT
from tests.stacks.prod.production import within
from toolchain.places import ROOT


@contextmanager
def echo(server: Server, address: str) -> Iterator[None]:
    """Have the headers of each request come back, on an address of the server, while Socket.IO is stopped."""
    server.stop("socketio")
    command = server.inside("env", f"PYTHONPATH={ROOT}", sys.executable, str(Path(__file__).with_name("echo.py")))
    try:
        with subprocess.Popen([*command, address]) as process:
            try:
                within(10, lambda: listens(process.pid, SOCKETIO_PORT))
                yield
            finally:
                process.kill()
    finally:
        server.start("socketio")
