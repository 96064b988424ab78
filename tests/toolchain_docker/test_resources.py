"""What the resources do on a real daemon, without the engine: what arrives, and that nothing differs afterwards."""

from __future__ import annotations

import tarfile
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.toolchain_docker.conftest import Host
from toolchain.image import local_registry, push
from toolchain.plugins.docker import containers, images, networks, volumes
from toolchain.plugins.docker.bridged import OPERATIONS
from toolchain.plugins.docker.checking import complete, given
from toolchain.plugins.docker.connection import Connection
from toolchain.plugins.docker.diffing import changes
from toolchain.plugins.docker.failure import PartlyCreatedError, ProviderError
from toolchain.plugins.docker.images import Daemon
from toolchain.plugins.values import Values


@pytest.fixture(scope="module")
def daemon(host: Host) -> Iterator[Daemon]:
    connection = Connection(host.dockerd.host)
    yield Daemon(connection.client)
    connection.close()


class Made:
    """A resource made for a test."""

    def __init__(self, daemon: Daemon, owner: str, **inputs: Any) -> None:
        self.daemon, self.owner = daemon, owner
        self.inputs = self.completed(inputs)
        self.id, self.state = OPERATIONS[owner].create(daemon, given(self.inputs))

    def completed(self, inputs: Values) -> Values:
        inputs, failures = complete(self.owner, "test", b"", {}, inputs)
        assert failures == []
        return inputs

    def live(self) -> Values | None:
        """The state as it is now."""
        found = OPERATIONS[self.owner].read(self.daemon, self.id, self.state)
        return None if found is None else found[1]

    def changed(self, state: Values | None = None) -> list[str]:
        return [change.property for change in changes(self.owner, self.state if state is None else state, self.inputs)]

    def delete(self) -> None:
        OPERATIONS[self.owner].delete(self.daemon, self.id, self.state)


@pytest.fixture
def container(daemon: Daemon, host: Host) -> Iterator[Any]:
    """Makes containers called ``box`` and removes them."""

    def make(**inputs: Any) -> Made:
        return Made(daemon, "Container", **{"image": host.image, "name": "box"} | inputs)

    yield make
    left = host.dockerd.docker("ps", "-aq", "--filter", "name=^(box|first)$").split()
    if left:
        host.dockerd.docker("rm", "-fv", *left)


WHOLE: list[tuple[Values, str, str]] = [
    ({"labels": [{"label": "a.b", "value": "`c`"}]}, "{{json .Config.Labels}}", '{"a.b":"`c`"}'),
    ({"envs": ["A=1"]}, "{{index .Config.Env 0}}", "A=1"),
    ({"hostname": "h"}, "{{.Config.Hostname}}", "h"),
    ({"user": "33:33"}, "{{.Config.User}}", "33:33"),
    ({"entrypoints": ["/usr/bin/env"]}, "{{.Config.Entrypoint}}", "[/usr/bin/env]"),
    ({"stopSignal": "SIGINT"}, "{{.Config.StopSignal}}", "SIGINT"),
    ({"stopTimeout": 7}, "{{.Config.StopTimeout}}", "7"),
    ({"tty": True, "stdinOpen": True}, "{{.Config.Tty}} {{.Config.OpenStdin}}", "true true"),
    ({"restart": "on-failure", "maxRetryCount": 3}, "{{.HostConfig.RestartPolicy}}", "{on-failure 3}"),
    ({"memory": 64, "memorySwap": 96}, "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}}", "67108864 100663296"),
    ({"cpuShares": 512, "cpuSet": "0"}, "{{.HostConfig.CpuShares}} {{.HostConfig.CpusetCpus}}", "512 0"),
    ({"shmSize": 16}, "{{.HostConfig.ShmSize}}", "16777216"),
    (
        {"ulimits": [{"name": "nofile", "soft": 100, "hard": 200}]},
        "{{range .HostConfig.Ulimits}}{{.}}{{end}}",
        "nofile=100:200",
    ),
    (
        {"capabilities": {"drops": ["ALL"], "adds": ["CAP_CHOWN"]}},
        "{{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}}",
        "[CAP_CHOWN] [ALL]",
    ),
    ({"securityOpts": ["no-new-privileges:true"]}, "{{.HostConfig.SecurityOpt}}", "[no-new-privileges:true]"),
    (
        {"readOnly": True, "tmpfs": {"/run": "size=1m"}},
        "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.Tmpfs}}",
        "true map[/run:size=1m]",
    ),
    ({"init": True}, "{{.HostConfig.Init}}", "true"),
    (
        {"sysctls": {"net.ipv4.ip_unprivileged_port_start": "0"}},
        "{{.HostConfig.Sysctls}}",
        "map[net.ipv4.ip_unprivileged_port_start:0]",
    ),
    (
        {"logDriver": "json-file", "logOpts": {"max-size": "1m"}},
        "{{.HostConfig.LogConfig}}",
        "{json-file map[max-size:1m]}",
    ),
    ({"hosts": [{"host": "up", "ip": "host-gateway"}]}, "{{.HostConfig.ExtraHosts}}", "[up:host-gateway]"),
    (
        {"dns": ["10.0.0.1"], "dnsOpts": ["ndots:2"], "dnsSearches": ["a.b"]},
        "{{.HostConfig.Dns}} {{.HostConfig.DnsOptions}} {{.HostConfig.DnsSearch}}",
        "[10.0.0.1] [ndots:2] [a.b]",
    ),
    (
        {"ports": [{"internal": 80, "external": 8090}, {"internal": 81, "protocol": "udp"}]},
        '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}',
        "8090",
    ),
    (
        {"mounts": [{"type": "tmpfs", "target": "/t", "tmpfsOptions": {"sizeBytes": 4096, "mode": 448}}]},
        "{{range .HostConfig.Mounts}}{{.Target}} {{.TmpfsOptions.SizeBytes}}{{end}}",
        "/t 4096",
    ),
    (
        {"volumes": [{"hostPath": "/srv", "containerPath": "/h", "readOnly": True}]},
        "{{.HostConfig.Binds}}",
        "[/srv:/h:ro]",
    ),
    (
        {"healthcheck": {"tests": ["CMD", "true"], "interval": "1m30s", "timeout": "500ms", "retries": 2}},
        "{{with .Config.Healthcheck}}{{.Interval}} {{.Timeout}} {{.Retries}}{{end}}",
        "1m30s 500ms 2",
    ),
    ({"groupAdds": ["33"]}, "{{.HostConfig.GroupAdd}}", "[33]"),
]
"""Inputs, what to look for on the daemon, and what is to be seen there."""


@pytest.fixture(scope="module")
def whole(daemon: Daemon, host: Host) -> Iterator[Made]:
    """One container with all the inputs of the table."""
    inputs = {name: value for part, _, _ in WHOLE for name, value in part.items()}
    made = Made(daemon, "Container", image=host.image, name="whole", command=["sleep", "60"], **inputs)
    yield made
    made.delete()


@pytest.mark.parametrize(("inputs", "template", "expected"), WHOLE, ids=[", ".join(row[0]) for row in WHOLE])
def test_inputs_arrive(whole: Made, host: Host, inputs: Values, template: str, expected: str) -> None:
    assert host.inspect("whole", template) == expected
    assert set(inputs) <= set(whole.inputs)


def test_the_second_time_nothing_changes(whole: Made) -> None:
    assert whole.changed() == []
    assert whole.changed(whole.live()) == []


def test_uploads_arrive_with_their_modes(container: Any, host: Host) -> None:
    made = container(
        uploads=[
            {"file": "/etc/plain", "content": "é\n"},
            {"file": "/srv/run", "content": "#!/bin/sh\n", "executable": True},
            {"file": "/srv/key", "contentBase64": "AAE=", "permissions": "0600"},
        ]
    )
    assert host.exec("box", "stat", "-c", "%a %s %n", "/etc/plain", "/srv/run", "/srv/key") == (
        "644 3 /etc/plain\n744 10 /srv/run\n600 2 /srv/key"
    )
    assert made.changed(made.live()) == []


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        pytest.param({"file": "/a"}, "set are: none", id="nothing"),
        pytest.param({"file": "/a", "content": ""}, "must not be empty", id="empty"),
        pytest.param(
            {"file": "/a", "content": "b", "contentBase64": "Yg=="}, "set are: content, contentBase64", id="two"
        ),
        pytest.param({"file": "/a", "source": "/no/such"}, "could not read file", id="source"),
    ],
)
def test_uploads_that_cannot_be(container: Any, upload: Values, said: str) -> None:
    with pytest.raises(PartlyCreatedError, match=said):
        container(uploads=[upload])


def test_networks_and_aliases(container: Any, daemon: Daemon, host: Host) -> None:
    network = Made(daemon, "Network", name="mesh", ipamConfigs=[{"subnet": "10.77.0.0/24", "gateway": "10.77.0.1"}])
    assert network.changed(network.live()) == []
    made = container(networksAdvanced=[{"name": "mesh", "aliases": ["sidecar"], "ipv4Address": "10.77.0.9"}])
    assert [(data["networkName"], data["ipAddress"]) for data in made.state["networkDatas"]] == [("mesh", "10.77.0.9")]
    assert made.changed(made.live()) == []
    answered = host.dockerd.docker(
        *("run", "--rm", "--network", "mesh", host.image, "curl", "-so/dev/null", "-w%{http_code}", "http://sidecar/")
    )
    assert answered == "200"
    found = networks.look_up(daemon, "mesh")
    assert found is not None
    assert [(entry["name"], entry["ipv4Address"]) for entry in found["containers"]] == [("box", "10.77.0.9/24")]
    made.delete()
    network.delete()
    assert network.live() is None


def test_volumes(container: Any, daemon: Daemon, host: Host) -> None:
    volume = Made(daemon, "Volume", labels=[{"label": "a", "value": "b"}])
    assert volume.changed(volume.live()) == []
    assert volume.state["mountpoint"].endswith(f"/{volume.id}/_data")
    made = container(volumes=[{"volumeName": volume.id, "containerPath": "/data"}])
    host.exec("box", "touch", "/data/here")
    made.delete()
    volume.delete()
    assert volume.live() is None


def test_a_healthy_container_is_waited_for(container: Any, host: Host) -> None:
    check = {"tests": ["CMD", "curl", "-sf", "http://127.0.0.1/"], "interval": "500ms"}
    made = container(wait=True, waitTimeout=20, healthcheck=check)
    assert host.inspect("box", "{{.State.Health.Status}}") == "healthy"
    assert made.changed(made.live()) == []


FOR_ONE_CHECK = 5
"""Seconds in which a health check that is due every 0.3 s has said something, beside whatever else runs."""


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        pytest.param({}, "specify a healthcheck", id="no health check"),
        pytest.param(
            {"healthcheck": {"tests": ["CMD-SHELL", "echo no luck; false"], "interval": "300ms"}},
            "not in healthy state in time.*no luck",
            id="not in time",
        ),
    ],
)
def test_what_does_not_get_healthy_stays_and_is_recorded(container: Any, host: Host, inputs: Values, said: str) -> None:
    with pytest.raises(PartlyCreatedError, match=said) as caught:
        container(wait=True, waitTimeout=FOR_ONE_CHECK, **inputs)
    assert host.inspect("box", "{{.Id}}") == caught.value.resource_id
    assert caught.value.state["name"] == "box"


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        pytest.param(
            {"command": ["sh", "-c", "echo oops; exit 3"]}, r"exited immediately \(exit code 3\).*oops", id="exits"
        ),
        pytest.param({"command": [""]}, "may not be empty", id="empty command"),
        pytest.param({"image": "no.such.example/image:1"}, "unable to pull image no.such.example/image:1", id="image"),
        pytest.param({"volumes": [{"hostPath": "/srv"}]}, "either 'containerPath' or 'fromContainer'", id="volume"),
        pytest.param({"name": "b"}, "Unable to create container: Invalid container name", id="name"),
        pytest.param(
            {"healthcheck": {"tests": ["NONE"], "startInterval": "1s"}}, "needs Docker 25", id="start interval"
        ),
    ],
)
def test_what_is_not_created_leaves_nothing(container: Any, host: Host, inputs: Values, said: str) -> None:
    with pytest.raises(ProviderError, match=said):
        container(**inputs)
    assert host.dockerd.docker("ps", "-aq", "--filter", "name=^box$") == ""


def test_a_name_in_use_is_refused(container: Any) -> None:
    container()
    with pytest.raises(ProviderError, match=r'The container name "/box" is already in use'):
        container()


def test_a_port_in_use_leaves_a_recorded_container(container: Any) -> None:
    container(name="first", ports=[{"internal": 80, "external": 8091}])
    with pytest.raises(PartlyCreatedError, match="port is already allocated"):
        container(ports=[{"internal": 80, "external": 8091}])


def test_attached_containers_give_their_logs(container: Any) -> None:
    made = container(command=["sh", "-c", "echo done; exit 4"], attach=True, logs=True, mustRun=False)
    assert (made.state["containerLogs"], made.state["exitCode"]) == ("done\n", 4)
    assert made.changed(made.live()) == []


def test_limits_and_restart_change_in_place(container: Any, host: Host) -> None:
    made = container(memory=64, memorySwap=64)
    made.inputs = made.completed({**given(made.inputs), "memory": 128, "memorySwap": 128, "restart": "always"})
    assert sorted(made.changed()) == ["memory", "memorySwap", "restart"]
    made.state = containers.update(made.daemon, made.id, made.state, given(made.inputs))
    seen = host.inspect("box", "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.RestartPolicy.Name}}")
    assert seen == f"{128 << 20} {128 << 20} always"
    assert made.changed(made.live()) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param({"tmpfs": {"/run": ""}}, {"tmpfs": {"/run": "size=1m"}}, id="tmpfs"),
        pytest.param(
            {"healthcheck": {"tests": ["CMD", "true"]}}, {"healthcheck": {"tests": ["CMD", "false"]}}, id="health check"
        ),
    ],
)
def test_what_the_daemon_cannot_change_is_recorded_only(container: Any, before: Values, after: Values) -> None:
    """As with the original: the update succeeds, the container keeps the old value, and a refresh shows it again."""
    made = container(**before)
    made.inputs = made.completed({**given(made.inputs), **after})
    made.state = containers.update(made.daemon, made.id, made.state, given(made.inputs))
    assert made.changed() == []
    assert made.changed(made.live()) == list(after)


def test_published_ports_that_the_program_does_not_name_differ_the_next_time(container: Any) -> None:
    assert container(publishAllPorts=True).changed() == ["ports"]


def test_memory_alone_differs_the_next_time(container: Any) -> None:
    """The daemon sets the swap limit along with it, and the original does not overlook what the program left out."""
    assert container(memory=64).changed() == ["memorySwap"]


def test_a_killed_container_is_started_again(container: Any, host: Host) -> None:
    made = container()
    host.dockerd.docker("kill", "box")
    live = made.live()
    assert live is not None
    assert made.changed(live) == ["mustRun"]
    state = containers.update(made.daemon, made.id, live, given(made.inputs))
    assert host.inspect("box", "{{.State.Running}}") == "true"
    assert made.changed(state) == []
    assert state["networkDatas"][0]["ipAddress"]


def test_one_that_need_not_run_is_left_alone(container: Any, host: Host) -> None:
    made = container(mustRun=False)
    host.dockerd.docker("kill", "box")
    assert made.changed(made.live()) == []


def test_a_removed_container_is_gone(container: Any, host: Host) -> None:
    made = container()
    host.dockerd.docker("rm", "-f", "box")
    assert made.live() is None


@pytest.mark.parametrize(
    ("owner", "inputs"),
    [
        ("Container", {"image": "tiny:1", "name": "box", "command": ["/empty"], "mustRun": False, "start": False}),
        ("Network", {"name": "gone"}),
        ("Volume", {"name": "gone"}),
        ("RemoteImage", {"name": "tiny:2"}),
    ],
)
def test_what_is_gone_is_deleted(owner: str, inputs: Values, daemon: Daemon, host: Host, tiny: str) -> None:
    """An update that crashed between the removal and the word of it ends so."""
    host.dockerd.docker("tag", "tiny:1", "tiny:2")
    made = Made(daemon, owner, **inputs)
    made.delete()
    made.delete()
    assert made.live() is None


@pytest.mark.parametrize(
    ("inputs", "graceful"),
    [
        pytest.param({"destroyGraceSeconds": 10}, True, id="grace"),
        pytest.param({}, False, id="none"),
    ],
)
def test_deletion_waits_for_the_grace_period(container: Any, daemon: Daemon, inputs: Values, graceful: bool) -> None:
    script = "trap 'sleep 1; touch /data/ended; exit 0' TERM; while :; do sleep 0.1; done"
    volume = Made(daemon, "Volume")
    made = container(
        command=["sh", "-c", script],
        stopSignal="SIGTERM",
        volumes=[{"volumeName": volume.id, "containerPath": "/data"}],
        **inputs,
    )
    time.sleep(0.3)
    made.delete()
    mounted = [{"volumeName": volume.id, "containerPath": "/data"}]
    seen = container(command=["ls", "/data"], attach=True, logs=True, mustRun=False, volumes=mounted)
    assert ("ended" in seen.state["containerLogs"]) is graceful
    seen.delete()
    volume.delete()


@pytest.fixture(scope="module")
def tiny(host: Host, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An image of almost nothing in a registry, by its pinned name."""
    folder = tmp_path_factory.mktemp("registry")
    with tarfile.open(folder / "tiny.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    host.dockerd.docker("import", str(folder / "tiny.tar"), "tiny:1")
    with local_registry(folder, inside=host.dockerd.inside) as address:
        yield push("tiny:1", f"{address}/tiny", host.dockerd.environment)


def test_images_are_pulled_and_removed(daemon: Daemon, host: Host, tiny: str) -> None:
    host.dockerd.docker("rmi", "-f", tiny)
    image = Made(daemon, "RemoteImage", name=tiny)
    assert image.state["imageId"] == host.dockerd.docker("image", "inspect", "-f", "{{.Id}}", "tiny:1")
    assert image.state["repoDigest"] == tiny
    assert image.id == image.state["imageId"] + tiny
    assert image.changed(image.live()) == []
    image.delete()
    assert image.live() is None


def test_a_wrong_digest_is_refused(daemon: Daemon, tiny: str) -> None:
    name = tiny.partition("@")[0] + "@sha256:" + "0" * 64
    with pytest.raises(ProviderError, match=r"manifest unknown|not found"):
        Made(daemon, "RemoteImage", name=name)


def test_kept_images_stay(daemon: Daemon, tiny: str) -> None:
    image = Made(daemon, "RemoteImage", name="tiny:1", keepLocally=True)
    image.delete()
    assert image.live() is not None


def test_an_image_in_use_is_not_removed(container: Any, daemon: Daemon, host: Host, tiny: str) -> None:
    container(image=host.dockerd.docker("commit", container(name="first").id, "used:1"))
    with pytest.raises(ProviderError, match=r"Unable to remove Docker image.*conflict"):
        images.delete(daemon, "", {"name": "used:1"})


def test_a_network_in_use_is_not_removed_for_long(
    container: Any, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "REMOVAL_SECONDS", 1)
    network = Made(daemon, "Network", name="busy")
    container(networksAdvanced=[{"name": "busy"}])
    with pytest.raises(ProviderError, match=r"Unable to remove network.*active endpoints"):
        network.delete()


def test_a_volume_in_use_is_not_removed_for_long(
    container: Any, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volumes, "REMOVAL_SECONDS", 1)
    volume = Made(daemon, "Volume")
    container(volumes=[{"volumeName": volume.id, "containerPath": "/data"}])
    with pytest.raises(ProviderError, match=r"Unable to remove volume.*in use"):
        volume.delete()
