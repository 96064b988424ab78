"""Complete a resource's inputs as the Terraform bridge does: defaults, a made name, the provider's rules of values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from toolchain.plugins.checking import Failure
from toolchain.plugins.docker.facts import Properties, facts
from toolchain.plugins.docker.rules import ACCEPTED, CREATED, DEFAULTS, REFUSED
from toolchain.plugins.values import SECRET, UNKNOWN, Values, has_unknown, plain, secret, signature

DEFAULTED = "__defaults"
"""Where inputs name the properties that the provider filled in, as the official provider does."""

NAME_LENGTH = 255


def complete(owner: str, name: str, seed: bytes, olds: Values, news: Values) -> tuple[Values, list[Failure]]:
    """Return the completed inputs, and what is wrong with them beyond what the schema says.

    Args:
        owner: the resource's short name, as ``Container``.
        name: its name in the program, from which a left out ``name`` is made.
        seed: randomness from the engine for made names.
        olds: the completed inputs of the last update, empty on creation; a made name is kept.
        news: inputs that passed the schema, secret marks included.
    """
    walk = _Walk(refusing=owner in CREATED)
    inputs = walk.properties(owner, facts().resources[owner], news, "")
    if owner in facts().autonamed and inputs.get("name") is None:
        kept = olds.get("name") if "name" in olds.get(DEFAULTED, ()) else None
        digest = hashlib.sha256(seed + name.encode()).hexdigest()[:7]
        inputs["name"] = kept or f"{name[: NAME_LENGTH - 8]}-{digest}"
        inputs[DEFAULTED] = sorted([*inputs[DEFAULTED], "name"])
    return inputs, walk.failures


@dataclass
class _Walk:
    refusing: bool
    failures: list[Failure] = field(default_factory=list)

    def properties(self, owner: str, known: Properties, news: Mapping[str, Any], path: str) -> Values:
        """Complete an object, or a resource's inputs; ``owner`` is the short name that the rules know it by."""
        inputs: Values = {}
        for key, value in news.items():
            if key not in known or value is None:
                continue
            where = f"{path}.{key}" if path else key
            if self.refusing and (owner, key) in REFUSED:
                self.failures.append(Failure(where, _refusal(REFUSED[owner, key])))
            inputs[key] = self.value(known[key].type, value, where)
            rule = ACCEPTED.get((owner, key))
            if rule and not has_unknown(value) and (reason := rule(plain(value))):
                self.failures.append(Failure(where, reason))
        defaulted = {key: value for key, value in DEFAULTS.get(owner, {}).items() if key not in inputs}
        return inputs | defaulted | {DEFAULTED: sorted(defaulted)}

    def value(self, kind: str, value: Any, path: str) -> Any:
        """Complete one value, in which objects may have defaults."""
        if signature(value) == SECRET:
            return secret(self.value(kind, value["value"], path))
        if kind.startswith("[") and isinstance(value, list):
            return [self.value(kind[1:-1], item, f"{path}[{index}]") for index, item in enumerate(value)]
        if kind in facts().objects and isinstance(value, dict):
            return self.properties(kind, facts().objects[kind], value, path)
        return value


def _refusal(advice: str) -> str:
    text = "is not supported by the substitute docker provider"
    return f"{text}: {advice}" if advice else f"{text}; leave it out, or install the official docker plugin"


def decoded(config: Values) -> Values:
    """Return a provider's configuration with its booleans, lists and objects decoded: they come as JSON texts.

    What does not decode stays as it is, for the check of types to refuse.
    """

    def value(text: Any) -> Any:
        try:
            return json.loads(text)
        except ValueError:
            return text

    encoded = {name for name, prop in facts().config.items() if prop.type != "string"}
    return {
        name: value(text) if name in encoded and isinstance(text, str) and text != UNKNOWN else text
        for name, text in config.items()
    }


def given(inputs: Any) -> Any:
    """Return inputs as the operations take them: without notes and empty entries, whole numbers as integers."""
    if isinstance(inputs, dict):
        return {key: given(value) for key, value in inputs.items() if key != DEFAULTED and value is not None}
    if isinstance(inputs, list):
        return [given(item) for item in inputs]
    if isinstance(inputs, float) and inputs.is_integer():
        return int(inputs)
    return inputs
