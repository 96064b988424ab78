"""One server for all tests here, with the seed's sidecar run on it by hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.server import Server
from tests.sidecar.by_hand import run_by_hand

HOST, SECOND_HOST = "v2.sysmayal.cloud", "erp.example.com"
SECOND_SITE = "erp.localhost"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server of this test run's own, up; its folder's path is short enough for the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix=f"rr-server-{os.getpid()}-"))
    built = Server(f"test-{os.getpid()}", folder, (HOST, f"{SECOND_HOST}={SECOND_SITE}"))
    try:
        built.up()
        yield built
    finally:
        built.down()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sidecar(server: Server) -> str:
    """The seed's sidecar as a person would start it; gives the container's name."""
    run_by_hand(server, HOST, "frappe-socketio")
    return "frappe-socketio"
