"""`make demo-prod` as a newcomer types it: a server, the committed stack on it, and all of it gone again."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.server import Server
from tests.sidecar.traces import traces_of
from tests.stacks.checkout import Ran, checkout
from tests.stacks.prod.production import HOST, SEED_LABELS
from toolchain import image
from toolchain.__main__ import path_of
from toolchain.places import ROOT

CHECKS = {"host", "sidecar", "public", "certificate", "upgrade", "connect", "event"}


@dataclass(frozen=True)
class Life:
    """What each `make` printed, and what was there after it."""

    first: Ran
    labels: dict[str, str]
    second: Ran
    config: str
    asked: str
    """What the printed curl line answers."""
    advised: Ran
    """The update that its last lines advise: the line put into Pulumi.prod.yaml, and `make demo-prod` again."""
    traces: dict[str, list[str]]
    down: Ran
    left: dict[str, list[str]]
    again: Ran
    """`make demo-prod-down` where there is nothing to remove."""
    files: set[str]
    """What lies in the checkout's folder of states in the end."""


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    """One life, of a server called after this test run: a developer's own stays as it is."""
    name = f"make-{os.getpid()}"
    folder = Path(tempfile.mkdtemp(prefix=f"rr-{name}-"))  # short enough for sockets
    copy = checkout(folder / "c")
    for built in (
        image.ensure_nginx_image_tar(),
        path_of("traefik").parent,
    ):  # linked, as the engine is
        own = copy.folder / built.relative_to(ROOT)
        own.parent.mkdir(parents=True, exist_ok=True)
        own.symlink_to(built)
    copy.environment["DEMO_SERVER"] = name
    server = Server(name, copy.folder / ".state" / name)
    try:
        first = copy.make("demo-prod")
        container = server.docker("ps", "--quiet", "--filter", "label=traefik.enable=true")
        labels = json.loads(server.docker("inspect", "--format", "{{json .Config.Labels}}", container))
        second = copy.make("demo-prod")
        config = (copy.folder / "Pulumi.prod.yaml").read_text()
        (line,) = re.findall(r"^  sudo (nsenter .* curl .*)$", second.stdout[second.stdout.index("Duration") :], re.M)
        asked = copy.run("sh", "-c", line).stdout
        (advice,) = re.findall(r"^See an update: .*\(add (\S+: \S+)\)", first.stdout, re.MULTILINE)
        (copy.folder / "Pulumi.prod.yaml").write_text(f"{config.rstrip()}\n  {advice}\n")
        advised = copy.make("demo-prod")
        traces = traces_of(server)
        down = copy.make("demo-prod-down")
        left = traces_of(server)
        again = copy.make("demo-prod-down")
        state = copy.folder / ".state"
        files = {file.name for file in state.iterdir()} if state.exists() else set()
        yield Life(first, labels, second, config, asked, advised, traces, down, left, again, files)
    finally:
        server.down()
        shutil.rmtree(folder, ignore_errors=True)


def test_every_check_passes(life: Life) -> None:
    outputs = life.first.stdout[life.first.stdout.index("Outputs:") :]
    said = dict(re.findall(r"^ +(\w+) *: \"(\S) ", outputs, re.MULTILINE))
    assert {name: said.get(name) for name in CHECKS} == dict.fromkeys(CHECKS, "✓"), outputs


def test_the_policy_pack_judges_it(life: Life) -> None:
    assert re.search(r"^Policies:\n    ✅ raven-realtime@", life.first.stdout, re.MULTILINE), life.first.stdout


def test_the_sidecar_has_the_seeds_labels(life: Life) -> None:
    assert {name: life.labels.get(name) for name in SEED_LABELS} == SEED_LABELS


def test_a_second_time_changes_nothing(life: Life) -> None:
    assert re.search(r"^Resources:\n    \d+ unchanged$", life.second.stdout, re.MULTILINE), life.second.stdout


def test_the_configuration_stays_as_committed(life: Life) -> None:
    assert life.config == (ROOT / "Pulumi.prod.yaml").read_text()


def test_it_ends_with_how_to_open_the_url(life: Life) -> None:
    end = life.first.stdout[life.first.stdout.index("Duration") :]
    assert f"https://{HOST}" in end
    assert "chromium" in end
    assert end.endswith("Remove all of it: make demo-prod-down\n")
    assert life.asked.startswith('0{"sid"'), "the printed curl line answers"


def test_the_update_that_it_advises_is_one(life: Life) -> None:
    assert re.search(r"^ +~ \d+ updated$", life.advised.stdout, re.MULTILINE), life.advised.stdout


def test_down_leaves_nothing(life: Life) -> None:
    assert all(life.traces.values()), life.traces
    assert not any(life.left.values()), life.left
    assert not life.files


def test_down_again_has_nothing_to_do(life: Life) -> None:
    assert "nothing is deployed" in life.again.stdout
