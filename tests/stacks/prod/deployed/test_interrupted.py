"""An update that is interrupted half-way: the next `up` finishes the job, and nothing of the half is left."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from tests.stacks.prod.production import Production, handshake, within


def begin(prod: Production, image: str) -> subprocess.Popen[str]:
    """Start an `up` to another generation; return when its container is there, and not yet in the state."""
    before = prod.containers(running=False)
    prod.configure(**{**prod.changes, "image": image})
    prod.whole = False
    flags = ("--yes", "--skip-preview", "--non-interactive", "--config-file", str(prod.config_file))
    process = prod.stack.start("up", "--stack", prod.stack.name, *flags)
    within(60, lambda: prod.containers(running=False) != before)
    return process


def test_ctrl_c_half_way(changing: Production, other_image: str) -> None:
    process = begin(changing, other_image)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode not in {0, None}
    assert handshake(changing.server) == "open"
    changing.also(image=other_image)
    assert changing.containers(running=False) == [changing.container()]
    assert handshake(changing.server) == "open"
    assert changing.also(image=other_image).operations() == {}


def test_the_engine_killed_half_way(changing: Production, other_image: str) -> None:
    process = begin(changing, other_image)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    orphans = set(changing.containers(running=False))
    assert len(orphans) == 2
    assert handshake(changing.server) == "open"

    refused = changing.also(expect=None, image=other_image)
    assert refused.code != 0
    assert "pulumi cancel" in refused.text
    changing.stack.pulumi("cancel", "--yes", "--stack", changing.stack.name)
    finished = changing.also(image=other_image)
    assert "removing an orphan: " in finished.text
    assert changing.containers(running=False) == [changing.container()]
    assert not orphans & set(changing.containers())
    assert handshake(changing.server) == "open"


@pytest.mark.full
def test_destroy_removes_an_orphan_too(changing: Production, other_image: str) -> None:
    process = begin(changing, other_image)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=60)
    changing.stack.pulumi("cancel", "--yes", "--stack", changing.stack.name)
    changing.stack.destroy()
    assert changing.containers(running=False) == changing.volumes() == []
