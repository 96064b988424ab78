"""The official docker package's resources and objects as checking and comparing need them, from ``schema.json``.

A type is written as ``string``, ``[string]`` (list), ``{string}`` (map), ``any``, or the short name of an object type.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from toolchain.plugins.schema import Schema

SCHEMA = Path(__file__).with_name("schema.json")


@dataclass(frozen=True)
class Property:
    """What the schema says of one property."""

    type: str
    computed: bool
    """The provider fills it in when the program leaves it out; leaving it out is then no change."""
    replace: bool
    """A change replaces the resource."""


Properties = Mapping[str, Property]


@dataclass(frozen=True)
class Facts:
    """The package, by short names such as ``Container`` and ``ContainerPort``."""

    resources: Mapping[str, Properties]
    """The inputs of each resource."""
    objects: Mapping[str, Properties]
    config: Properties
    """The provider's own configuration."""

    @property
    def autonamed(self) -> frozenset[str]:
        """The resources that get a name made from their Pulumi name when the program gives none."""
        return frozenset(name for name, inputs in self.resources.items() if "name" in inputs and name != "RemoteImage")


@cache
def facts() -> Facts:
    """Read ``schema.json``."""
    raw = Schema(SCHEMA).raw
    objects = {short(token): spec for token, spec in raw["types"].items() if "properties" in spec}

    def type_of(spec: Mapping[str, Any]) -> str:
        if "oneOf" in spec:
            return "any"
        if "$ref" in spec:
            return name if (name := short(spec["$ref"])) in objects else "string"
        if spec["type"] == "array":
            return f"[{type_of(spec['items'])}]"
        if spec["type"] == "object":
            return "{" + type_of(spec.get("additionalProperties", {"type": "string"})) + "}"
        return str(spec["type"])

    def properties(specs: Mapping[str, Any], computed: frozenset[str]) -> Properties:
        return {
            name: Property(
                type_of(spec), name in computed, bool(spec.get("willReplaceOnChanges") or spec.get("replaceOnChanges"))
            )
            for name, spec in specs.items()
        }

    return Facts(
        {
            short(token): properties(
                spec["inputProperties"], frozenset(spec["required"]) - frozenset(spec["requiredInputs"])
            )
            for token, spec in raw["resources"].items()
        },
        {name: properties(spec["properties"], frozenset()) for name, spec in objects.items()},
        properties(raw["config"]["variables"], frozenset()),
    )


def short(token: str) -> str:
    """Return the short name of a type token or reference: ``Container`` of ``docker:index/container:Container``."""
    return token.rsplit(":", 1)[1]
