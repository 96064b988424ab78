"""What a resource's inputs are completed with, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from toolchain.plugins.docker.checking import DEFAULTED, complete, decoded, given
from toolchain.plugins.docker.rules import format_duration, parse_duration
from toolchain.plugins.values import UNKNOWN, Values, secret

SEED = b"seed"


def container(**inputs: Any) -> tuple[Values, list[str]]:
    completed, failures = complete("Container", "web", SEED, {}, {"image": "sha256:1", "name": "web1", **inputs})
    return completed, [f"{failure.path}: {failure.reason}" for failure in failures]


def test_a_bare_container_gets_the_original_s_defaults() -> None:
    completed, failures = container()
    assert failures == []
    assert completed == {
        "image": "sha256:1",
        "name": "web1",
        "attach": False,
        "containerReadRefreshTimeoutMilliseconds": 15000,
        "logs": False,
        "mustRun": True,
        "networkMode": "bridge",
        "readOnly": False,
        "removeVolumes": True,
        "restart": "no",
        "rm": False,
        "start": True,
        "stdinOpen": False,
        "tty": False,
        "wait": False,
        "waitTimeout": 60,
        DEFAULTED: sorted(set(completed) - {"image", "name", DEFAULTED}),
    }


def test_objects_in_lists_get_theirs() -> None:
    completed, _ = container(ports=[{"internal": 80}], uploads=[secret({"file": "/a", "content": "b"})])
    assert completed["ports"] == [{"internal": 80, "ip": "0.0.0.0", "protocol": "tcp", DEFAULTED: ["ip", "protocol"]}]
    assert given(completed["uploads"]) == [secret({"file": "/a", "content": "b", "executable": False})]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param({"gpus": "all"}, "gpus: is not supported by the substitute docker provider", id="gpus"),
        pytest.param({"deviceRequests": [{}]}, "deviceRequests: is not supported", id="deviceRequests"),
        pytest.param(
            {"mounts": [{"type": "volume", "target": "/a", "volumeOptions": {"subpath": "b"}}]},
            "mounts[0].volumeOptions.subpath: is not supported",
            id="nested",
        ),
        pytest.param({"restart": "sometimes"}, "restart: must be one of no, on-failure, always", id="restart"),
        pytest.param({"memory": -1}, "memory: must be 0 or more", id="memory"),
        pytest.param({"memorySwap": -2}, "memorySwap: must be -1 or more", id="swap"),
        pytest.param({"cpuSet": "a"}, "cpuSet: must match", id="cpuSet"),
        pytest.param(
            {"healthcheck": {"tests": ["NONE"], "interval": "1 s"}},
            "healthcheck.interval: must be a duration such as",
            id="duration",
        ),
        pytest.param({"mounts": [{"type": "nfs", "target": "/a"}]}, "mounts[0].type: must be one of", id="mount"),
        pytest.param(
            {"uploads": [{"file": "/a", "content": "b", "permissions": "644"}]},
            "uploads[0].permissions: must match",
            id="permissions",
        ),
        pytest.param(
            {"uploads": [{"file": "/a", "contentBase64": "%"}]}, "uploads[0].contentBase64: must be base64", id="base64"
        ),
        pytest.param(
            {"volumes": [{"containerPath": "/a", "hostPath": "b"}]}, "volumes[0].hostPath: must match", id="hostPath"
        ),
    ],
)
def test_what_is_refused(inputs: Values, expected: str) -> None:
    _, failures = container(**inputs)
    assert len(failures) == 1
    assert failures[0].startswith(expected)


def test_an_unknown_value_is_not_judged() -> None:
    assert container(restart=UNKNOWN, memory=UNKNOWN)[1] == []


def test_an_image_is_not_built_here() -> None:
    _, failures = complete("RemoteImage", "i", SEED, {}, {"name": "a", "build": {"context": "."}})
    assert [failure.path for failure in failures] == ["build"]
    assert "name an image that exists" in failures[0].reason


def test_what_is_only_previewed_is_not_refused() -> None:
    _, failures = complete("Service", "s", SEED, {}, {"taskSpec": {"containerSpec": {"image": "a"}}})
    assert failures == []


def test_a_made_name_is_kept() -> None:
    made, _ = complete("Network", "net", SEED, {}, {})
    assert made["name"].startswith("net-")
    assert len(made["name"]) == len("net-") + 7
    assert "name" in made[DEFAULTED]
    assert complete("Network", "net", b"other", made, {})[0]["name"] == made["name"]
    assert complete("Network", "net", b"other", {}, {})[0]["name"] != made["name"]


def test_a_given_name_is_not_carried_over() -> None:
    old, _ = complete("Network", "net", SEED, {}, {"name": "mine"})
    assert complete("Network", "net", SEED, old, {})[0]["name"] != "mine"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param({"sshOpts": '["-i", "k"]'}, {"sshOpts": ["-i", "k"]}, id="list"),
        pytest.param({"disableDockerDaemonCheck": "true"}, {"disableDockerDaemonCheck": True}, id="boolean"),
        pytest.param({"disableDockerDaemonCheck": True}, {"disableDockerDaemonCheck": True}, id="plain"),
        pytest.param({"host": "123"}, {"host": "123"}, id="string"),
        pytest.param({"sshOpts": "-i k"}, {"sshOpts": "-i k"}, id="left for the check"),
        pytest.param({"sshOpts": UNKNOWN}, {"sshOpts": UNKNOWN}, id="unknown"),
    ],
)
def test_configuration_is_decoded(config: Values, expected: Values) -> None:
    assert decoded(config) == expected


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (0, "0s"),
        (1, "1ns"),
        (1500, "1.5µs"),
        (500 * 10**6, "500ms"),
        (10**9, "1s"),
        (1500 * 10**6, "1.5s"),
        (60 * 10**9, "1m0s"),
        (90 * 10**9, "1m30s"),
        (3600 * 10**9, "1h0m0s"),
    ],
)
def test_durations_are_written_as_go_does(nanoseconds: int, text: str) -> None:
    assert format_duration(nanoseconds) == text


@for_all(st.integers(0, 10**15))
def test_durations_read_back(nanoseconds: int) -> None:
    assert abs(parse_duration(format_duration(nanoseconds)) - nanoseconds) <= 1


@pytest.mark.parametrize("text", ["", "5", "-1s", "1 s", "s", "1s2", "1d"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="must be a duration"):
        parse_duration(text)
