"""The callback's question, put by a real process of another user's."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.ports import free_port
from raven_realtime.live.checks import callback
from raven_realtime.live.inside import Inside
from raven_realtime.live.target import Target
from raven_realtime.machine import Machine

NOBODY = 65534


@pytest.fixture
def foreign() -> Iterator[int]:
    """Listen as nobody with a real Node; gives the port."""
    port = free_port()
    serve = f"require('http').createServer().listen({port}, '127.0.0.1')"
    as_nobody = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
    with subprocess.Popen([*as_nobody, "node", "-e", serve], env={"PATH": "/usr/bin:/bin"}) as process:
        try:
            until = time.monotonic() + 10
            while time.monotonic() < until:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield port
        finally:
            process.terminate()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_real_process_of_another_user(foreign: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A folder that only root may enter, as root's home is.
    tmp_path.chmod(0o700)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RAVEN_REALTIME_SID", "planted")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "planted")
    ids = "process.getuid(), process.getgid(), process.getgroups().join(), Object.keys(process.env).length"
    monkeypatch.setattr(callback, "_ASK", f"console.log(JSON.stringify({{failed: [{ids}].join(' ')}}))")
    inside = Inside(machine=Machine())
    vars(inside)["port"] = foreign
    told = asyncio.run(callback.check(Target.parse("http://127.0.0.1:1"), inside))
    # getgroups of Node adds the process's own group
    assert told.summary.endswith(f": {NOBODY} {NOBODY} {NOBODY} 0"), told
