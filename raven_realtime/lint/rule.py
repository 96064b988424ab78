"""What a rule is: the finding it reports, what may be configured about it, and how it judges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from raven_realtime.findings.entry import Entry, Finding
from raven_realtime.lint.world import World

Parameters = Mapping[str, Any]
"""The values of a rule's parameters by name; every one of them is there."""


@dataclass(frozen=True)
class Parameter:
    """Something about a rule that may be configured."""

    default: int | str | list[str]
    description: str

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of its value."""
        kinds: dict[type, dict[str, Any]] = {
            int: {"type": "integer"},
            str: {"type": "string"},
            list: {"type": "array", "items": {"type": "string"}},
        }
        return {**kinds[type(self.default)], "default": self.default, "description": self.description}


@dataclass(frozen=True)
class Rule:
    """One thing that has to hold. A policy of the same name enforces it; the linter judges files by it."""

    name: str
    """As users write it: the module's name with hyphens."""
    holds: str
    """What has to hold, in a sentence without a full stop."""
    entry: Entry
    """The finding where it does not."""
    judge: Callable[[World, Parameters], Iterator[Finding]]
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))
    alone: bool = False
    """Whether one resource is enough to judge it: then a policy can judge before the resource is changed."""
    advises: bool = False
    """Whether its policy only advises by default: what it reports may be as somebody wants it."""

    def findings(self, world: World, given: Parameters | None = None) -> list[Finding]:
        """Judge a world; the same thing at the same place is reported once.

        Args:
            world: what is declared.
            given: values of parameters; the defaults where they are left out.
        """
        values = {name: parameter.default for name, parameter in self.parameters.items()} | dict(given or {})
        found = {(str(each.location), each.evidence): each for each in self.judge(world, values)}
        return list(found.values())
