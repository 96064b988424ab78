"""Judging what is declared, before it runs: one engine for the policy pack and `raven-realtime lint`.

Loaders (`files`, `resources`) make a `World` of compose files, nginx configurations, Traefik files, a bench's settings,
tunnels and Pulumi resources; each module in `rules` judges one thing about it. Nothing here imports Pulumi.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from functools import cache

from raven_realtime.declared import rules as _rules
from raven_realtime.declared.rule import Parameters, Rule
from raven_realtime.declared.world import World
from raven_realtime.findings.entry import Finding, Level

__all__ = ["in_order", "judge", "rules"]

_ORDER = {Level.ERROR: 0, Level.WARNING: 1, Level.NOTE: 2}


@cache
def rules() -> dict[str, Rule]:
    """Return every rule by its name: one for each module in `rules/`.

    Raises:
        RuntimeError: a module's rule is not named after the module.
    """
    found: dict[str, Rule] = {}
    for module in pkgutil.iter_modules(_rules.__path__):
        rule = importlib.import_module(f"{_rules.__name__}.{module.name}").RULE
        if rule.name != module.name.replace("_", "-"):
            raise RuntimeError(f"declared/rules/{module.name}.py holds the rule {rule.name!r}")
        found[rule.name] = rule
    return found


def judge(world: World, parameters: Mapping[str, Parameters] | None = None) -> list[Finding]:
    """Return every finding about a world: errors first, then in the order of files and lines.

    Args:
        world: what is declared.
        parameters: by a rule's name, the values of its parameters.
    """
    given = parameters or {}
    found = [finding for rule in rules().values() for finding in rule.findings(world, given.get(rule.name))]
    return in_order(found)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Sort findings: errors first, then in the order of files and lines."""
    return sorted(findings, key=_place)


def _place(finding: Finding) -> tuple[int, str, int, str, str]:
    where = finding.location
    return (
        _ORDER[finding.level],
        where.path if where else "",
        (where.line or 0) if where else 0,
        finding.code,
        finding.evidence,
    )
