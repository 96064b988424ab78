"""The extract and the rules agree with the official package: its SDK, and its schema."""

from __future__ import annotations

import hashlib
import inspect
import json
import re

import pulumi_docker
import pytest

from toolchain.plugins.checking import checked
from toolchain.plugins.docker import rules
from toolchain.plugins.docker.facts import SCHEMA, Properties, facts, short
from toolchain.plugins.schema import Schema
from toolchain.plugins.values import Values

OFFICIAL = "e223a3a78cae11e2cf8a26c3cdd7a1c2f875c8d84e5cfc651bd37b64282c306b"
"""The hash of what `extract` gives of the official schema, its keys sorted; renewed when the extract is."""
RESOURCES = sorted(facts().resources)
NEWER = {"Container": {"deviceCgroupRules"}, "ContainerUpload": {"group", "owner"}}
"""What the SDK takes and the schema that the extract was made from does not have yet; it is refused by name."""


def sdk_inputs(cls: type) -> set[str]:
    """Return the properties that the SDK's class for an object's inputs can take, as Pulumi spells them."""
    found = inspect.getmembers(cls, lambda member: isinstance(member, property))
    return {getattr(member.fget, "_pulumi_name", name) for name, member in found}


def argument_class(name: str) -> type:
    cls = getattr(pulumi_docker, f"{name}Args", None)
    if cls is None:
        cls = getattr(inspect.getmodule(getattr(pulumi_docker, name)), f"{name}Args")
    assert isinstance(cls, type)
    return cls


@pytest.mark.parametrize("name", RESOURCES)
def test_inputs_are_those_of_the_sdk(name: str) -> None:
    assert sdk_inputs(argument_class(name)) - set(facts().resources[name]) == NEWER.get(name, set())
    assert set(facts().resources[name]) <= sdk_inputs(argument_class(name))


@pytest.mark.parametrize(
    "name", sorted(name for name in facts().objects if hasattr(pulumi_docker, f"{name}Args") and name[0].isupper())
)
def test_objects_are_those_of_the_sdk(name: str) -> None:
    assert sdk_inputs(argument_class(name)) - set(facts().objects[name]) == NEWER.get(name, set())
    assert set(facts().objects[name]) <= sdk_inputs(argument_class(name))


def test_extract_is_that_of_the_official_schema() -> None:
    written = json.dumps(json.loads(SCHEMA.read_text()), sort_keys=True)
    assert hashlib.sha256(written.encode()).hexdigest() == OFFICIAL


@pytest.mark.parametrize(
    ("given", "path"),
    [
        pytest.param({"deviceCgroupRules": ["c 1:3 r"]}, "deviceCgroupRules", id="deviceCgroupRules"),
        pytest.param({"uploads": [{"file": "/a", "content": "b", "owner": "root"}]}, "uploads[0].owner", id="owner"),
        pytest.param({"uploads": [{"file": "/a", "content": "b", "group": "root"}]}, "uploads[0].group", id="group"),
    ],
)
def test_newer_inputs_are_refused_by_name(given: Values, path: str) -> None:
    schema = Schema(SCHEMA)
    container = schema.resources["docker:index/container:Container"]
    assert [failure.path for failure in checked(schema, container, {"image": "x", **given})[1]] == [path]


def test_short_names_are_unique() -> None:
    types = json.loads(SCHEMA.read_text())["types"]
    assert len({short(token) for token in types}) == len(types)


def known(owner: str) -> Properties:
    return facts().resources.get(owner) or facts().objects[owner]


@pytest.mark.parametrize(
    ("owner", "name"),
    sorted(
        {*rules.ORDERED, *rules.COMPUTED, *rules.KEPT_WHEN_EMPTY, *rules.REFUSED, *rules.ACCEPTED}
        | {(owner, name) for owner, defaults in rules.DEFAULTS.items() for name in defaults}
    ),
)
def test_rules_speak_of_properties_that_exist(owner: str, name: str) -> None:
    assert name in known(owner)


def described_defaults() -> list[tuple[str, str, str]]:
    """Return the defaults that the SDK's own text speaks of, as (owner, property, default)."""
    found = []
    for owner in ("Container", "ContainerHealthcheck", "ContainerPort", "ContainerUpload", "Network"):
        for name, member in inspect.getmembers(argument_class(owner), lambda member: isinstance(member, property)):
            text = re.search(r"Defaults to `([^`]+)`", inspect.getdoc(member) or "")
            if text:
                found.append((owner, getattr(member.fget, "_pulumi_name", name), text.group(1)))
    return found


@pytest.mark.parametrize(("owner", "name", "default"), described_defaults())
def test_defaults_are_those_the_package_describes(owner: str, name: str, default: str) -> None:
    ours = rules.DEFAULTS.get(owner, {}).get(name)
    zero = {"string": '""', "integer": "0", "boolean": "false"}[known(owner)[name].type]
    written = zero if ours is None else str(ours).lower()
    assert written == default


def test_defaults_were_found() -> None:
    assert len(described_defaults()) > 15


@pytest.mark.parametrize(
    ("name", "replaces"),
    [
        pytest.param(name, replaces, id=name)
        for name, replaces in {
            "uploads": True,
            "labels": True,
            "envs": True,
            "ports": True,
            "image": True,
            "name": True,
            "networksAdvanced": True,
            "logOpts": True,
            "ulimits": True,
            "restart": False,
            "memory": False,
            "healthcheck": False,
            "tmpfs": False,
            "mustRun": False,
            "destroyGraceSeconds": False,
        }.items()
    ],
)
def test_what_replaces_a_container(name: str, replaces: bool) -> None:
    assert facts().resources["Container"][name].replace is replaces
