"""What a plugin's official schema says about names, types, defaults, secrets and replacement, without its prose.

Each substitute has such an extract beside it, ``schema.json``, itself a valid schema. To renew one:
``python -m toolchain.plugins.schema OFFICIAL_SCHEMA.json > toolchain/plugins/NAME/schema.json``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEPT = (
    *("type", "$ref", "items", "additionalProperties", "oneOf", "enum", "const"),
    *("default", "secret", "replaceOnChanges", "willReplaceOnChanges"),
)
"""What is kept of a property."""


def extract(official: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts of an official schema: what :class:`Schema` reads."""
    resources = {
        token: {
            "inputProperties": _properties(resource.get("inputProperties", {})),
            "requiredInputs": sorted(resource.get("requiredInputs", [])),
            "properties": _properties(resource.get("properties", {})),
            "required": sorted(resource.get("required", [])),
        }
        for token, resource in official.get("resources", {}).items()
    }
    types = {
        token: {"enum": [{"value": case["value"]} for case in spec["enum"]], "type": spec["type"]}
        if "enum" in spec
        else {
            "type": "object",
            "properties": _properties(spec.get("properties", {})),
            "required": sorted(spec.get("required", [])),
        }
        for token, spec in official.get("types", {}).items()
    }
    functions = {
        token: {
            "inputs": {
                "properties": _properties(function.get("inputs", {}).get("properties", {})),
                "required": sorted(function.get("inputs", {}).get("required", [])),
            }
        }
        for token, function in official.get("functions", {}).items()
    }
    config = {"variables": _properties(official.get("config", {}).get("variables", {}))}
    return {"name": official["name"], "config": config, "types": types, "resources": resources, "functions": functions}


def _properties(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _property(spec) for name, spec in properties.items()}


def _property(spec: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: spec[key] for key in KEPT if spec.get(key) not in (None, False)}
    for key in ("items", "additionalProperties"):
        if isinstance(kept.get(key), dict):
            kept[key] = _property(kept[key])
    if "oneOf" in kept:
        kept["oneOf"] = [_property(option) for option in kept["oneOf"]]
    return kept


@dataclass(frozen=True)
class ResourceSchema:
    """One resource: its inputs and outputs, by name, as the schema specifies a property."""

    inputs: Mapping[str, Mapping[str, Any]]
    required: frozenset[str]
    outputs: Mapping[str, Mapping[str, Any]]

    @property
    def computed(self) -> frozenset[str]:
        """The outputs that echo no input: known only after the resource is there."""
        return frozenset(self.outputs) - frozenset(self.inputs)


class Schema:
    """An extract, read from its file."""

    def __init__(self, path: Path) -> None:
        self.raw: dict[str, Any] = json.loads(path.read_text())
        self.name: str = self.raw["name"]
        self.types: Mapping[str, Any] = self.raw["types"]
        self.config: Mapping[str, Any] = self.raw["config"]["variables"]
        self.functions: Mapping[str, Any] = self.raw["functions"]
        self.resources = {
            token: ResourceSchema(spec["inputProperties"], frozenset(spec["requiredInputs"]), spec["properties"])
            for token, spec in self.raw["resources"].items()
        }

    def type(self, reference: str) -> Mapping[str, Any] | None:
        """Return the type that a ``$ref`` names; nothing for the built-in ones (Any, Asset, Archive, Json)."""
        found: Mapping[str, Any] | None = self.types.get(reference.removeprefix("#/types/"))
        return found

    def described(self, description: str, version: str) -> str:
        """Return the schema as the engine asks for it, with a description that says what serves it."""
        return json.dumps({**self.raw, "version": version, "description": description})


if __name__ == "__main__":
    json.dump(extract(json.loads(Path(sys.argv[1]).read_text())), sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write("\n")
