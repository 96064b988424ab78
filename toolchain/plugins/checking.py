"""Checking inputs against the schema: types, required ones, names; applying its defaults and secrets."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolchain.plugins.schema import ResourceSchema, Schema
from toolchain.plugins.values import ARCHIVE, ASSET, SECRET, SIGNATURE, Values, is_computed, plain, secret, signature

PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
    "array": (list,),
    "object": (dict,),
}


@dataclass(frozen=True)
class Failure:
    """One thing wrong with the inputs: the property's path and a sentence without its value."""

    path: str
    reason: str


def checked(schema: Schema, resource: ResourceSchema, inputs: Values) -> tuple[Values, list[Failure]]:
    """Return the inputs with the schema's defaults and secrets applied, and everything that is wrong with them."""
    check = _Check(schema)
    completed = check.properties("", resource.inputs, resource.required, inputs)
    return completed, check.failures


class _Check:
    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.failures: list[Failure] = []

    def properties(
        self, path: str, specs: Mapping[str, Any], required: frozenset[str], given: Mapping[str, Any]
    ) -> Values:
        """Check an object with named properties; return it completed."""
        completed: Values = {}
        for name, value in given.items():
            where = f"{path}.{name}" if path else name
            if name in specs:
                completed[name] = self.value(where, specs[name], value)
            elif not name.startswith("__"):
                near = difflib.get_close_matches(name, specs, n=1)
                hint = f"; the nearest is {near[0]!r}" if near else ""
                self.failures.append(Failure(where, f"there is no input of this name{hint}"))
        for name, spec in specs.items():
            if plain(completed.get(name)) is None and "default" in spec:
                completed[name] = spec["default"]
            if plain(completed.get(name)) is None and name in required:
                self.failures.append(Failure(path, f"Missing required property '{name}'"))
        return completed

    def value(self, path: str, spec: Mapping[str, Any], value: Any) -> Any:
        """Check one value against its specification; return it completed."""
        if signature(value) == SECRET:
            return secret(self.value(path, spec, value["value"]))
        if value is None or is_computed(value):
            completed = value
        elif "oneOf" in spec:
            completed = self.one_of(path, spec["oneOf"], value)
        elif "$ref" in spec:
            completed = self.reference(path, spec["$ref"], value)
        else:
            completed = self.typed(path, spec, value)
        return secret(completed) if spec.get("secret") and completed is not None else completed

    def one_of(self, path: str, options: list[Mapping[str, Any]], value: Any) -> Any:
        """Check a value that may be of several types: it fails only when it is of none."""
        refused: list[Failure] = []
        for option in options:
            attempt = _Check(self.schema)
            completed = attempt.value(path, option, value)
            if not attempt.failures:
                return completed
            refused = attempt.failures
        self.failures += refused
        return value

    def reference(self, path: str, reference: str, value: Any) -> Any:
        """Check a value of a named type, or of a built-in one."""
        if reference.startswith("pulumi.json#/"):
            kinds = {"pulumi.json#/Asset": (ASSET, ARCHIVE), "pulumi.json#/Archive": (ARCHIVE,)}.get(reference)
            if kinds and signature(value) not in kinds:
                self.failures.append(Failure(path, f"expected an asset or archive, got {_kind(value)}"))
            return value
        spec = self.schema.type(reference)
        if spec is None:
            return value
        if "enum" in spec:
            cases = [case["value"] for case in spec["enum"]]
            if value not in cases:
                self.failures.append(Failure(path, f"expected one of {', '.join(map(repr, cases))}, got {value!r}"))
            return value
        if not isinstance(value, dict):
            self.failures.append(Failure(path, f"expected an object, got {_kind(value)}"))
            return value
        return self.properties(path, spec["properties"], frozenset(spec["required"]), value)

    def typed(self, path: str, spec: Mapping[str, Any], value: Any) -> Any:
        """Check a value of a primitive type, an array or a map."""
        name: str = spec.get("type", "object")
        if not _is_a(name, value):
            self.failures.append(Failure(path, f"expected {_article(name)}, got {_kind(value)}"))
            return value
        if name == "array":
            return [self.value(f"{path}[{index}]", spec["items"], item) for index, item in enumerate(value)]
        if name == "object" and "additionalProperties" in spec and SIGNATURE not in value:
            items = spec["additionalProperties"]
            return {key: self.value(f'{path}["{key}"]', items, item) for key, item in value.items()}
        return value


def _is_a(name: str, value: Any) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    whole = name != "integer" or not isinstance(value, float) or value.is_integer()
    return isinstance(value, PYTHON_TYPES[name]) and whole


def _article(name: str) -> str:
    return f"{'an' if name[0] in 'aio' else 'a'} {name}"


def _kind(value: Any) -> str:
    if signature(value) in {ASSET, ARCHIVE}:
        return "an asset or archive"
    if isinstance(value, float) and not value.is_integer():
        return "a number with a fraction"
    return next((_article(name) for name in PYTHON_TYPES if name != "integer" and _is_a(name, value)), "nothing")
