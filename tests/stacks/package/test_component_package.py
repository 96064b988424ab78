"""components/ as a Pulumi component package, used by a program of its own from a copy outside the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine import Stack
from tests.golden import hold
from tests.stacks.package.taken import take

HERE = Path(__file__).parent
IMAGE = f"docker.io/library/nginx@sha256:{'0' * 64}"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder outside the repository with what a user takes from it."""
    return take(tmp_path / "taken")


def test_the_schema_is_what_users_were_promised(tmp_path: Path, elsewhere: Path) -> None:
    stack = Stack(tmp_path / "state", elsewhere / "examples" / "sidecar")
    schema = json.loads(stack.pulumi("package", "get-schema", str(elsewhere / "components")).stdout)
    hold(HERE / "golden" / "schema.json", json.dumps(schema["resources"], indent=1) + "\n")


def test_a_program_of_its_own_plans_the_sidecar(tmp_path: Path, elsewhere: Path) -> None:
    stack = Stack(tmp_path / "state", elsewhere / "examples" / "sidecar")
    stack.set_config("image", IMAGE)
    stack.set_config("docker:disableDockerDaemonCheck", "true")
    planned = {step.type for step in stack.preview().steps()}
    assert {
        "raven-realtime:index:RealtimeSidecar",
        "raven-realtime:index:PostDeployChecks",
        "docker:index/container:Container",
        "docker:index/volume:Volume",
        "command:local:Command",
    } <= planned


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        pytest.param("host", "https://chat.example.com", "a hostname has letters, digits", id="host-with-scheme"),
        pytest.param("image", "nginx:latest", 'found "nginx:latest"', id="image-without-digest"),
    ],
)
def test_bad_input_from_elsewhere_is_explained(
    tmp_path: Path, elsewhere: Path, key: str, value: str, said: str
) -> None:
    stack = Stack(tmp_path / "state", elsewhere / "examples" / "sidecar")
    stack.set_config("image", IMAGE)
    stack.set_config("docker:disableDockerDaemonCheck", "true")
    stack.set_config(key, value)
    run = stack.preview(expect=None)
    assert run.code != 0
    # behind the message the SDK shows its own stack, as for every packaged component: the message comes first
    assert said in next(line for line in run.diagnostics("error") if "has a problem" in line)


def test_an_argument_that_there_is_not_is_refused_with_the_nearest_one(tmp_path: Path, elsewhere: Path) -> None:
    program = elsewhere / "examples" / "sidecar" / "__main__.py"
    program.write_text(program.read_text().replace('"capacity"', '"capcity"'))
    stack = Stack(tmp_path / "state", program.parent)
    stack.set_config("image", IMAGE)
    stack.set_config("docker:disableDockerDaemonCheck", "true")
    run = stack.preview(expect=None)
    assert run.code != 0
    said = next(line for line in run.diagnostics("error") if "has a problem" in line)
    assert "capcity in the arguments of frappe-socketio is not a known" in said
    assert "Did you mean" in said
    assert "capacity" in said
