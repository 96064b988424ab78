"""One server for all tests here, with the plain sidecar run on it by hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.server import Server
from tests.sidecar.by_hand import run_by_hand

HOST, SECOND_HOST = "v2.sysmayal.cloud", "erp.example.com"
SECOND_SITE = "erp.localhost"


@contextmanager
def standing(name: str) -> Iterator[Server]:
    """Bring up a server of this test run's own; its folder's path is short enough for the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix=f"rr-{name}-{os.getpid()}-"))
    built = Server(f"{name}-{os.getpid()}", folder, (HOST, f"{SECOND_HOST}={SECOND_SITE}"))
    try:
        built.up()
        yield built
    finally:
        built.down()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """The server that all tests here share; one that takes it down has one of its own."""
    with standing("server") as built:
        yield built


@pytest.fixture(scope="module")
def sidecar(server: Server) -> Iterator[str]:
    """The plain sidecar as a person would start it, for the tests of a module; gives the container's name."""
    name = "frappe-socketio"
    run_by_hand(server, HOST, name)
    yield name
    server.docker("rm", "--force", name)
