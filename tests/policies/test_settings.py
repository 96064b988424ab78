"""What users of the pack may set: levels and parameters for each policy; unknown values; what Pulumi may mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.policies.declared import (
    COMMAND,
    CONTAINER,
    IMAGE,
    Declared,
    prod,
    setting,
    several,
    text,
)
from tests.policies.previews import preview

SLOW = text("proxy_read_timeout 86400;", "proxy_read_timeout 30s;")


@pytest.mark.parametrize(
    ("config", "found", "code"),
    [
        pytest.param({}, [("idle-timeout", "mandatory")], 1, marks=pytest.mark.full),
        ({"idle-timeout": "advisory"}, [("idle-timeout", "advisory")], 0),
        pytest.param({"idle-timeout": "disabled"}, [], 0, marks=pytest.mark.full),
        ({"idle-timeout": {"ping_seconds": 20}}, [], 0),
        pytest.param({"all": "disabled"}, [], 0, marks=pytest.mark.full),
        pytest.param({"idle-timeout": {"ping_seconds": "20"}}, [], 1, marks=pytest.mark.full),
    ],
    ids=["default", "advisory", "disabled", "parameter", "all", "parameter of a wrong type"],
)
def test_levels_and_parameters(config: dict[str, Any], found: list[tuple[str, str]], code: int, tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config))
    run, violations = preview(tmp_path, SLOW(prod()), "--policy-pack-config", str(file))
    assert ([(each.policy, each.level) for each in violations], run.code) == (found, code)
    assert bool(found) or code == 0 or "ping_seconds" in run.text


def test_a_violation_is_seen_beside_what_is_unknown(tmp_path: Path) -> None:
    broken = several(SLOW, setting(labels=[{"label": "later", "value": "\0unknown"}]))(prod())
    run, violations = preview(tmp_path, broken)
    assert run.code != 0
    assert {(each.policy, each.level) for each in violations} == {
        ("idle-timeout", "mandatory"),
        ("values-known", "advisory"),
    }


@pytest.mark.parametrize(
    ("image", "found"),
    [
        ("nginx:stable", ["image-pinned"]),
        pytest.param("nginx@sha256:" + "b" * 64, [], marks=pytest.mark.full),
    ],
    ids=["by tag", "by digest"],
)
def test_an_image_is_followed_to_its_name(image: str, found: list[str], tmp_path: Path) -> None:
    pulled = Declared(IMAGE, "image", {"name": image})
    nginx, sidecar = setting(image="\0unknown")(prod())
    assert sidecar.type == CONTAINER
    assert nginx.type == COMMAND
    stack = (pulled, nginx, Declared(CONTAINER, "sidecar", sidecar.properties, needs=("nginx", "image")))
    _, violations = preview(tmp_path, stack)
    assert [each.policy for each in violations] == found


def test_pulumi_mends_where_it_is_asked_to(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"mend-restart": "remediate"}))
    run, violations = preview(tmp_path, setting(restart=None)(prod()), "--policy-pack-config", str(file))
    assert (run.code, violations) == (0, [])
    mended = list(run.of("policyRemediation"))
    assert [content["policyName"] for content in mended] == ["mend-restart"]
    assert mended[0]["after"]["restart"] == "unless-stopped"
