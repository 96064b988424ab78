"""The substitute's extract of the official schema: renewed with the SDK, and the same as what the SDK knows."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest

from toolchain.plugins.command.__main__ import PLUGIN
from toolchain.plugins.schema import Schema, extract
from toolchain.pulumi_home import pinned_version

OFFICIAL = "59564c248f384213dbad6ad30284c8ef6fb8a5c4146f596e2ed03a673c9e9f37"
"""The hash of what `extract` gives of the official schema, its keys sorted; renewed when the extract is."""

RESOURCES = PLUGIN.schema.resources

pytestmark = pytest.mark.filterwarnings("ignore:This resource is deprecated:DeprecationWarning")  # CopyFile, by its SDK


def sdk_class(token: str) -> Any:
    """Return the SDK's class of a resource."""
    _, module, name = token.split(":")
    return getattr(importlib.import_module(f"pulumi_command.{module}"), name)


def camel(name: str) -> str:
    """Return a Python argument's name as the schema spells it."""
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))


@pytest.mark.parametrize("token", RESOURCES)
def test_inputs_are_the_sdks(token: str) -> None:
    arguments = inspect.signature(sdk_class(token)._internal_init).parameters
    given = {camel(name) for name in arguments if not name.startswith("_")} - {"resourceName", "opts"}
    assert given == RESOURCES[token].inputs.keys()


@pytest.mark.parametrize("token", RESOURCES)
def test_replacing_inputs_are_the_sdks(token: str) -> None:
    listed = re.search(r"replace_on_changes=\[(.*?)\]\)", inspect.getsource(sdk_class(token)._internal_init))
    replacing = {name for name, spec in RESOURCES[token].inputs.items() if spec.get("replaceOnChanges")}
    assert replacing == (set(re.findall(r"(\w+)", listed[1])) if listed else set())


def test_the_extract_is_the_official_schemas() -> None:
    written = json.dumps(PLUGIN.schema.raw, sort_keys=True)
    assert hashlib.sha256(written.encode()).hexdigest() == OFFICIAL


def test_an_extract_gives_itself(tmp_path: Path) -> None:
    assert extract(PLUGIN.schema.raw) == PLUGIN.schema.raw
    (tmp_path / "schema.json").write_text(json.dumps(PLUGIN.schema.raw))
    assert Schema(tmp_path / "schema.json").resources == RESOURCES


def test_says_that_it_is_a_substitute_at_the_sdks_version() -> None:
    described = json.loads(PLUGIN.schema.described(PLUGIN.description, PLUGIN.version))
    assert "substitute for the official Pulumi command plugin" in described["description"]
    assert described["version"] == pinned_version("command")
