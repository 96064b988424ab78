"""Which change of inputs is a change, against the recorded state, and what it does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from toolchain.plugins.docker.checking import complete, given
from toolchain.plugins.docker.diffing import changes, delete_before_replace
from toolchain.plugins.values import UNKNOWN, Values

BASE: Values = {
    "image": "sha256:1",
    "name": "web1",
    "labels": [{"label": "a", "value": "1"}, {"label": "b", "value": "2"}],
    "envs": ["A=1", "B=2"],
    "command": ["nginx", "-g"],
    "ports": [{"internal": 80}, {"internal": 81}],
    "uploads": [{"file": "/a", "content": "b"}],
    "memory": 64,
    "memorySwap": 64,
    "healthcheck": {"tests": ["CMD", "true"], "interval": "1s"},
    "tmpfs": {"/run": "size=1m"},
    "networksAdvanced": [{"name": "n", "aliases": ["x", "y"]}],
    "user": "nginx",
}
"""A container's inputs."""

LIVE: Values = {
    "ports": [
        {"internal": 80, "external": 32768, "ip": "0.0.0.0", "protocol": "tcp"},
        {"internal": 81, "external": 32769, "ip": "0.0.0.0", "protocol": "tcp"},
    ],
    "hostname": "0123456789ab",
    "logDriver": "json-file",
    "logOpts": {},
    "privileged": False,
    "shmSize": 64,
    "cpuShares": 0,
    "dns": [],
    "entrypoints": [],
    "stopSignal": "SIGQUIT",
}
"""What the daemon adds to it."""


def completed(inputs: Values) -> Values:
    return complete("Container", "web", b"", {}, inputs)[0]


def state() -> Values:
    found: Values = given(completed(BASE)) | LIVE
    return found


def found(live: Values | None = None, **inputs: Any) -> dict[str, str]:
    news = completed({name: value for name, value in (BASE | inputs).items() if value is not None})
    return {
        change.property: f"{change.kind}{' replaces' if change.replaces else ''}"
        for change in changes("Container", state() | (live or {}), news)
    }


def test_the_second_time_nothing_changes() -> None:
    assert found() == {}


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        pytest.param({"labels": BASE["labels"][::-1]}, {}, id="labels in another order"),
        pytest.param({"envs": ["B=2", "A=1"]}, {}, id="envs in another order"),
        pytest.param({"networksAdvanced": [{"name": "n", "aliases": ["y", "x"]}]}, {}, id="aliases in another order"),
        pytest.param({"command": ["-g", "nginx"]}, {"command": "UPDATE replaces"}, id="command in another order"),
        pytest.param({"ports": BASE["ports"][::-1]}, {"ports": "UPDATE replaces"}, id="ports in another order"),
        pytest.param({"labels": BASE["labels"][:1]}, {"labels": "UPDATE replaces"}, id="a label less"),
        pytest.param({"envs": ["A=1", "B=3"]}, {"envs": "UPDATE replaces"}, id="an env"),
        pytest.param(
            {"uploads": [{"file": "/a", "content": "c"}]}, {"uploads": "UPDATE replaces"}, id="an upload's content"
        ),
        pytest.param({"uploads": None}, {"uploads": "DELETE replaces"}, id="no upload more"),
        pytest.param({"memory": 128, "memorySwap": 128}, {"memory": "UPDATE", "memorySwap": "UPDATE"}, id="memory"),
        pytest.param({"memorySwap": None}, {"memorySwap": "DELETE"}, id="swap left out, though the daemon set it"),
        pytest.param({"restart": "always"}, {"restart": "UPDATE"}, id="restart"),
        pytest.param({"healthcheck": {"tests": ["CMD", "false"]}}, {"healthcheck": "UPDATE"}, id="health check"),
        pytest.param({"healthcheck": None}, {}, id="health check left out: the daemon's is kept"),
        pytest.param({"tmpfs": {"/run": ""}}, {"tmpfs": "UPDATE"}, id="tmpfs"),
        pytest.param({"tmpfs": None}, {"tmpfs": "DELETE"}, id="no tmpfs more"),
        pytest.param({"command": None}, {}, id="command left out: the image's"),
        pytest.param({"labels": None}, {}, id="labels left out: the provider's are kept"),
        pytest.param({"user": None}, {}, id="user left out"),
        pytest.param({"user": "root"}, {"user": "UPDATE replaces"}, id="user"),
        pytest.param({"image": "sha256:2"}, {"image": "UPDATE replaces"}, id="image"),
        pytest.param({"image": UNKNOWN}, {"image": "UPDATE replaces"}, id="image not known yet"),
        pytest.param(
            {"ports": [{"internal": 80, "external": UNKNOWN}]}, {"ports": "UPDATE replaces"}, id="unknown port"
        ),
        pytest.param({"privileged": False, "dns": []}, {}, id="zero is nothing"),
        pytest.param({"dns": ["1.1.1.1"]}, {"dns": "UPDATE replaces"}, id="dns"),
        pytest.param({"sysctls": {"a": "1"}}, {"sysctls": "ADD replaces"}, id="sysctls"),
        pytest.param({"destroyGraceSeconds": 5}, {"destroyGraceSeconds": "ADD"}, id="grace"),
    ],
)
def test_changed_inputs(inputs: Values, expected: dict[str, str]) -> None:
    assert found(**inputs) == expected


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        pytest.param({"logOpts": {"max-size": "1m"}}, {"logOpts": "DELETE replaces"}, id="the daemon's log options"),
        pytest.param({"mustRun": False}, {"mustRun": "UPDATE"}, id="found stopped"),
        pytest.param({"ports": []}, {"ports": "UPDATE replaces"}, id="found stopped, with ports"),
        pytest.param(
            {"healthcheck": {"tests": ["CMD", "true"], "interval": "1m0s"}},
            {"healthcheck": "UPDATE"},
            id="another interval",
        ),
        pytest.param({"hostname": "other", "shmSize": 128}, {}, id="what the daemon chooses"),
    ],
)
def test_changed_state(live: Values, expected: dict[str, str]) -> None:
    assert found(live) == expected


@pytest.mark.parametrize(
    ("owner", "inputs", "first"),
    [
        pytest.param("Container", {"image": "a"}, True, id="container with a made name"),
        pytest.param("Container", {"image": "a", "name": "b"}, True, id="container"),
        pytest.param("Network", {"name": "b"}, True, id="network"),
        pytest.param("Network", {}, False, id="network with a made name"),
        pytest.param("Volume", {"name": "b"}, True, id="volume"),
        pytest.param("RemoteImage", {"name": "b"}, False, id="image"),
    ],
)
def test_what_is_deleted_before_it_is_replaced(owner: str, inputs: Values, first: bool) -> None:
    assert delete_before_replace(owner, complete(owner, "r", b"", {}, inputs)[0]) is first


words = st.text("abc", min_size=1, max_size=3)
pairs = st.lists(st.builds(lambda label, value: {"label": label, "value": value}, words, words), max_size=4)


@for_all(pairs, st.permutations(range(4)))
def test_labels_compare_as_sets(labels: list[dict[str, str]], order: list[int]) -> None:
    shuffled = [labels[index] for index in order if index < len(labels)]
    assert found({"labels": labels}, labels=shuffled) == {}
