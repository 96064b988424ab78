"""The plugin driven by the real engine, against a real daemon: what users see and do."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import Run, Stack, project
from tests.toolchain_docker.conftest import Host
from tests.toolchain_docker.sshd import Sshd, running_sshd

FAILED = 1
"""The exit code of a command that ends with an error."""

HEAD = """
import os, pulumi, pulumi_docker as docker
config = pulumi.Config()
provider = docker.Provider("host", host=config.get("host"),
                           disable_docker_daemon_check=config.get_bool("unchecked"))
opts = pulumi.ResourceOptions(provider=provider)
"""

SIDECAR = """
network = docker.Network("mesh", opts=opts)
image = docker.RemoteImage("image", name="raven-realtime/nginx:bookworm", keep_locally=True, opts=opts)
box = docker.Container(
    "box",
    image=image.image_id,
    name="box",
    envs=[pulumi.Output.secret("TOKEN=hush-hush")],
    labels=[docker.ContainerLabelArgs(label="b", value="1"), docker.ContainerLabelArgs(label="a", value="2")],
    networks_advanced=[docker.ContainerNetworksAdvancedArgs(name=network.name, aliases=["sidecar"])],
    uploads=[docker.ContainerUploadArgs(file="/srv/text", content=config.get("text") or "one")],
    memory=config.get_int("memory") or 64,
    memory_swap=config.get_int("memory") or 64,
    destroy_grace_seconds=5,
    opts=opts,
)
pulumi.export("id", box.id)
pulumi.export("address", box.network_datas[0].ip_address)
"""


BY_CONFIGURATION = """
import pulumi, pulumi_docker as docker
config = pulumi.Config()
opts = None
"""
"""Leaves the provider to the stack's configuration."""


def stack_of(folder: Path, program: str, head: str = HEAD, **config: str) -> Stack:
    stack = Stack(folder / "state", project(folder / "project", head + program), config_file=folder / "config.yaml")
    for key, value in config.items():
        stack.set_config(key, value)
    return stack


@pytest.fixture
def removed(host: Host) -> Iterator[None]:
    """Leaves no container of a test behind."""
    yield
    left = host.dockerd.docker("ps", "-aq").split()
    if left:
        host.dockerd.docker("rm", "-fv", *left)


def test_the_life_of_a_container(host: Host, tmp_path: Path, removed: None) -> None:
    stack = stack_of(tmp_path, SIDECAR, host=host.dockerd.host)

    planned = stack.preview()
    assert planned.operations() == dict.fromkeys(("mesh", "image", "box"), "create")
    assert host.dockerd.docker("ps", "-aq") == ""

    stack.up()
    first = stack.outputs()
    assert host.inspect("box", "{{.Id}}") == first["id"]
    assert host.exec("box", "cat", "/srv/text") == "one"
    assert "hush-hush" not in stack.pulumi("stack", "export", "--stack", stack.name).stdout

    stack.up("--expect-no-changes")

    stack.set_config("memory", "128")
    assert stack.up().operations() == {"box": "update"}
    assert host.inspect("box", "{{.Id}} {{.HostConfig.Memory}}") == f"{first['id']} {128 << 20}"

    stack.set_config("text", "two")
    replaced = [step.operation for step in stack.up().steps() if step.name == "box"]
    assert replaced == ["delete-replaced", "replace", "create-replacement"]
    assert host.exec("box", "cat", "/srv/text") == "two"

    host.dockerd.docker("rm", "-f", "box")
    assert stack.up("--refresh").operations()["box"] == "create"
    host.dockerd.docker("kill", "box")
    assert stack.up("--refresh").operations()["box"] == "update"
    assert host.inspect("box", "{{.State.Running}}") == "true"
    stack.up("--refresh", "--expect-no-changes")

    stack.destroy()
    assert host.dockerd.docker("ps", "-aq") == ""
    assert "mesh" not in host.dockerd.docker("network", "ls", "--format", "{{.Name}}")


ADOPTED = """
docker.Container("box", image=config.require("image"), name="hand-made",
                 opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(import_=config.require("id"))))
found = docker.get_network_output("bridge", opts=pulumi.InvokeOptions(provider=provider))
pulumi.export("subnet", found.ipam_configs[0].subnet)
known = docker.get_remote_image_output("raven-realtime/nginx:bookworm", opts=pulumi.InvokeOptions(provider=provider))
pulumi.export("known", known.id)
docker.Container.get("seen", config.require("id"), opts=opts)
"""


def test_a_hand_made_container_is_adopted_and_functions_answer(host: Host, tmp_path: Path, removed: None) -> None:
    made = host.dockerd.docker("run", "-d", "--name", "hand-made", "--network", "bridge", host.image)
    stack = stack_of(tmp_path, ADOPTED, host=host.dockerd.host, image=host.image, id=made)
    stack.up()
    assert host.inspect("hand-made", "{{.Id}}") == made
    assert stack.outputs() == {"subnet": "172.17.0.0/16", "known": host.image}


BROKEN = """
docker.Container("box", image=config.require("image"), name="box",
                 ports=[docker.ContainerPortArgs(internal=80, external=8070)], opts=opts)
"""


def test_what_was_half_made_is_recorded_and_can_be_destroyed(host: Host, tmp_path: Path, removed: None) -> None:
    host.dockerd.docker("run", "-d", "-p", "8070:80", host.image)
    stack = stack_of(tmp_path, BROKEN, host=host.dockerd.host, image=host.image)
    assert "port is already allocated" in stack.up(expect=FAILED).text
    assert stack.resources()["box"]["id"] == host.inspect("box", "{{.Id}}")
    stack.destroy()
    assert host.dockerd.docker("ps", "-aq", "--filter", "name=box") == ""


NEVER_HEALTHY = """
check = docker.ContainerHealthcheckArgs(tests=["CMD", "false"], interval="1s")
docker.Container("box", image=config.require("image"), name="box", wait=True, wait_timeout=120, healthcheck=check,
                 opts=opts)
"""


def test_an_interrupted_update_records_what_it_made(host: Host, tmp_path: Path, removed: None) -> None:
    stack = stack_of(tmp_path, NEVER_HEALTHY, host=host.dockerd.host, image=host.image)
    flags = ("--stack", stack.name, "--yes", "--skip-preview", "--non-interactive")
    update = stack.start("up", *flags, "--config-file", str(stack.config_file))
    deadline = time.monotonic() + 60
    while not host.dockerd.docker("ps", "-q", "--filter", "name=box") and time.monotonic() < deadline:
        time.sleep(0.2)
    update.send_signal(signal.SIGINT)
    said, _ = update.communicate(timeout=30)
    assert update.returncode != 0
    assert "cancelled while waiting for the container to be healthy" in said
    assert stack.resources()["box"]["id"] == host.inspect("box", "{{.Id}}")
    stack.destroy()
    assert host.dockerd.docker("ps", "-aq", "--filter", "name=box") == ""


REFUSED = """
docker.Container("box", image="sha256:1", gpus="all", restart="sometimes", opts=opts)
"""


def test_refused_inputs_are_named_at_preview(host: Host, tmp_path: Path) -> None:
    said = stack_of(tmp_path, REFUSED, host=host.dockerd.host).preview(expect=FAILED).text
    assert "gpus" in said
    assert "is not supported by the substitute docker provider" in said
    assert "must be one of no, on-failure, always, unless-stopped" in said


OTHERS = """
docker.Service("service", task_spec=docker.ServiceTaskSpecArgs(
    container_spec=docker.ServiceTaskSpecContainerSpecArgs(image="nginx")), opts=opts)
"""


def test_what_is_not_created_is_previewed_and_refused_by_name(host: Host, tmp_path: Path) -> None:
    stack = stack_of(tmp_path, OTHERS, host=host.dockerd.host)
    assert stack.preview().operations()["service"] == "create"
    said = stack.up(expect=FAILED).text
    assert "docker:index/service:Service is not supported by this substitute" in said


def test_a_function_that_is_not_answered_is_refused_by_name(host: Host, tmp_path: Path) -> None:
    program = 'docker.get_logs("box", opts=pulumi.InvokeOptions(provider=provider))'
    said = stack_of(tmp_path, program, host=host.dockerd.host).preview(expect=FAILED).text
    assert "docker:index/getLogs:getLogs is not supported by this substitute" in said


def test_an_unreachable_daemon_fails_the_preview_unless_unchecked(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, SIDECAR, host="unix:///no/such/docker.sock")
    said = stack.preview(expect=FAILED).text
    assert "failed to reach the Docker daemon at unix:///no/such/docker.sock: [Errno 2] No such file" in said
    stack.set_config("unchecked", "true")
    assert stack.preview().operations()["box"] == "create"


@pytest.fixture(scope="module")
def sshd(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with running_sshd(tmp_path_factory.mktemp("sshd"), host.dockerd.environment) as server:
        yield server


def over_ssh(sshd: Sshd, tmp_path: Path) -> Stack:
    stack = stack_of(tmp_path, SIDECAR, BY_CONFIGURATION)
    stack.set_config("docker:host", f"ssh://root@127.0.0.1:{sshd.port}")
    for index, option in enumerate(sshd.options):
        stack.set_config(f"docker:sshOpts[{index}]", option, "--path")
    return stack


def test_a_daemon_over_ssh(host: Host, sshd: Sshd, tmp_path: Path, removed: None) -> None:
    stack = over_ssh(sshd, tmp_path)
    stack.up()
    assert host.inspect("box", "{{.Id}}") == stack.outputs()["id"]
    stack.destroy()
    assert host.dockerd.docker("ps", "-aq") == ""
    assert clients_of(sshd) == ""


def test_ssh_says_why_it_refuses(sshd: Sshd, tmp_path: Path) -> None:
    sshd.key.chmod(0o644)
    try:
        said = over_ssh(sshd, tmp_path).preview(expect=FAILED).text
    finally:
        sshd.key.chmod(0o600)
    assert "failed to reach the Docker daemon at ssh://root@127.0.0.1" in said
    assert "UNPROTECTED PRIVATE KEY FILE" in said


def clients_of(sshd: Sshd) -> str:
    """The ssh clients that still talk to the server."""
    found = subprocess.run(["pgrep", "-fa", f"ssh .*-p {sshd.port} "], capture_output=True, text=True, check=False)
    return found.stdout


def test_what_the_plugin_says_it_is(tmp_path: Path, host: Host) -> None:
    stack = stack_of(tmp_path, "", host=host.dockerd.host)
    shown: Run = stack.pulumi("package", "get-schema", "docker")
    assert "A substitute for the official docker plugin" in shown.stdout
