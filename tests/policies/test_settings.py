"""What users of the pack may set: levels and parameters for each policy; unknown values; what Pulumi may mend."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from raven_realtime.declared.resources import ASKED
from tests.policies.declared import (
    COMMAND,
    CONTAINER,
    IMAGE,
    SERVICE_TYPE,
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


@pytest.mark.parametrize(
    ("told", "found", "code"),
    [
        ("[rules]\nidle-timeout = {level = 'warning'}\n", [("idle-timeout", "advisory")], 0),
        ("[rules]\nRT022 = 'off'\n", [], 0),
        ("[rules.idle-timeout]\nping_seconds = 20\n", [], 0),
        ("[[ignore]]\ncodes = ['RT022']\npaths = ['*']\nreason = 'a test'\n", [], 0),
        ("[rules]\nRT22 = 'off'\n", [], 1),
    ],
    ids=["level", "off", "parameter", "ignored by path", "a name that is not known"],
)
def test_the_projects_file_is_honoured(told: str, found: list[tuple[str, str]], code: int, tmp_path: Path) -> None:
    (tmp_path / "raven-realtime.toml").write_text(told)
    run, violations = preview(tmp_path, SLOW(prod()))
    assert [(each.policy, each.level) for each in violations] == found, run.text
    assert (run.code != 0) == bool(code), run.text
    assert not code or "raven-realtime.toml:2: the rule `RT22` is not known. Did you mean `RT022`?" in run.text


def test_a_violation_is_seen_beside_what_is_unknown(tmp_path: Path) -> None:
    broken = several(SLOW, setting(labels=[{"label": "later", "value": "\0unknown"}]))(prod())
    run, violations = preview(tmp_path, broken)
    assert run.code != 0
    assert {(each.policy, each.level) for each in violations} == {
        ("idle-timeout", "mandatory"),
        ("values-known", "advisory"),
    }


UNKNOWNS = [(kind, key) for kind, keys in ASKED.items() for key in keys]
REQUIRED: dict[str, dict[str, Any]] = {
    CONTAINER: {"name": "a", "image": "example/app:1"},
    SERVICE_TYPE: {"name": "a", "taskSpec": {"containerSpec": {"image": "example/app:1"}}},
    "docker:index/serviceConfig:ServiceConfig": {"name": "a", "data": "YQ=="},
    "command:remote:Command": {"connection": {"host": "server.example"}},
}
"""What the provider insists on."""


@pytest.fixture(scope="module")
def unknown(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, str]]:
    """Each property unknown in a resource of its own: the resources that `values-known` reports, and what it names."""
    stack = [Declared(kind, f"{kind}.{key}", {**REQUIRED.get(kind, {}), key: "\0unknown"}) for kind, key in UNKNOWNS]
    run, violations = preview(tmp_path_factory.mktemp("unknown"), stack)
    assert run.code == 0, run.text
    said = [(each, each.message.splitlines()[1]) for each in violations if each.policy == "values-known"]
    return {(each.resource, line.rpartition(": ")[2].split()[0]) for each, line in said}


@pytest.mark.parametrize(("kind", "key"), UNKNOWNS)
def test_whatever_is_read_is_reported_where_it_is_unknown(kind: str, key: str, unknown: set[tuple[str, str]]) -> None:
    assert (f"{kind}.{key}", key) in unknown


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
