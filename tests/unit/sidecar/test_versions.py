"""Versions that a deployment refuses: as they are set, as the image's tag says, and as they run."""

from __future__ import annotations

from typing import Any

import pytest

from raven_realtime.problem import Problem
from raven_realtime.settings import load_prod
from raven_realtime.sidecar import versions
from raven_realtime.sidecar.containers import Standing
from raven_realtime.versions import LABEL

DIGEST = f"@sha256:{'a' * 64}"


def told(**settings: Any) -> None:
    given = {"hosts": ["chat.example.com"], "image": f"nginx{DIGEST}", **settings}
    versions.require_told(load_prod(given, where="the test"))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"traefikVersion": "3.6.12"},
        {"traefikVersion": "v3.7.6"},
        {"traefikVersion": "3.2.4"},
        {"image": f"nginx:1.30.6{DIGEST}"},
        {"image": f"nginx:1.19.5-alpine{DIGEST}"},
        {"image": f"nginx:1.19{DIGEST}"},
        {"image": f"localhost:5000/edge:1.18.0{DIGEST}"},
    ],
    ids=str,
)
def test_nothing_is_wrong_with_what_is_set(settings: dict[str, str]) -> None:
    told(**settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        pytest.param(
            {"traefikVersion": "2.11.1"},
            r"RT023: Traefik 2\.11\.1 \(raven-realtime:traefikVersion\): it closes .*issues/10598",
            id="Traefik cuts WebSockets",
        ),
        pytest.param(
            {"image": f"docker.io/library/nginx:1.18.0{DIGEST}"},
            r"RT064: nginx 1\.18\.0 \(raven-realtime:image docker.io/.*\): it does not know the option `-e`",
            id="nginx is too old",
        ),
    ],
)
def test_refused_as_it_is_set(settings: dict[str, str], says: str) -> None:
    with pytest.raises(Problem, match=f"(?s){says}.*Nothing was changed"):
        told(**settings)


def standing(image: str, label: str = "") -> Standing:
    """Return a container at the door, as `docker inspect` says it stands."""
    labels = {LABEL: label} if label else {}
    return Standing("1", "door", labels, True, "", "", "", {"Config": {"Image": image}})


OLD = "28.5.2 1.24"
NEW = "29.0.1 1.44"


@pytest.mark.parametrize(
    ("docker", "door", "retry", "says"),
    [
        pytest.param(OLD, standing("traefik:v3.7.6"), True, "RT060: Traefik 3.7.6 (the container door)", id="retry"),
        pytest.param(OLD, standing("traefik:v3.7.6"), False, "", id="no retry"),
        pytest.param(OLD, standing("traefik:v3.7", "v3.7.7"), True, "RT060: Traefik 3.7.7", id="by its label"),
        pytest.param(OLD, standing("traefik:v3.7"), True, "", id="not known"),
        pytest.param(OLD, standing("traefik:v3.7.8"), True, "", id="mended"),
        pytest.param(OLD, standing("traefik:v2.11.1"), True, "RT023: Traefik 2.11.1", id="cuts WebSockets"),
        pytest.param(OLD, standing("traefik:v3.2.4"), True, "", id="HTTP/2, which can be switched off"),
        pytest.param(NEW, standing("traefik:v3.6.0"), True, "RT061: Docker 29.0.1 with Traefik 3.6.0", id="Docker 29"),
        pytest.param(NEW, standing("traefik:v3.6.1"), True, "", id="Docker 29 with a newer one"),
        pytest.param(OLD, standing("traefik:v3.6.0"), True, "", id="Docker 28"),
        pytest.param("29.0.1 1.24", standing("traefik:v3.6.0"), True, "", id="Docker 29 that allows more"),
        pytest.param("29.0.1 <no value>", standing("traefik:v3.6.0"), True, "RT061", id="Docker 29 that does not say"),
        pytest.param(NEW, standing("caddy:2"), True, "", id="another proxy"),
    ],
)
def test_what_runs(docker: str, door: Standing, retry: bool, says: str) -> None:
    try:
        versions.require_running(docker, [door], retry=retry)
        said = ""
    except Problem as problem:
        said = str(problem)
    assert said.startswith(says)
    assert bool(said) is bool(says)
    assert ("pulumi config set raven-realtime:traefikVersion 3.7." in said) is says.startswith("RT060")
