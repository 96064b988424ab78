"""What a rule is: the finding it reports, what may be configured about it, and how it judges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from types import MappingProxyType
from typing import Any

from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Entry, Finding
from raven_realtime.proxies.record import record

Parameters = Mapping[str, Any]
"""The values of a rule's parameters by name; every one of them is there."""


@record
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


@record
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
        return _gathered({(str(each.location), each.evidence): each for each in self.judge(world, values)}.values())


_OF_HOST = re.compile(r"([a-z0-9-]+(?:\.[a-z0-9-]+)+): (.+)", re.DOTALL)
_MOST_HOSTS = 3


def _gathered(findings: Iterable[Finding]) -> list[Finding]:
    """Make one finding of those that say the same of several hosts at one place: a bench may have a hundred sites."""
    found: dict[tuple[str, ...], list[tuple[str, Finding]]] = {}
    for finding in findings:
        host, said = match.groups() if (match := _OF_HOST.fullmatch(finding.evidence)) else ("", finding.evidence)
        found.setdefault((str(finding.location), said.replace(host or "\0", "\0"), finding.remedy), []).append(
            (host, finding)
        )
    return [_of_hosts([host for host, _ in same], same[0][1]) for same in found.values()]


def _of_hosts(hosts: Sequence[str], first: Finding) -> Finding:
    if len(hosts) == 1:
        return first
    named = ", ".join(hosts[:_MOST_HOSTS]) + (
        f" and {len(hosts) - _MOST_HOSTS} more" if len(hosts) > _MOST_HOSTS else ""
    )
    return replace(first, evidence=f"{named}: {first.evidence.removeprefix(f'{hosts[0]}: ')}")
