"""Every policy of the pack: one for each rule of the linter, one for each mend."""

from __future__ import annotations

import gc
import importlib
import os
import pkgutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies import mends
from policies.resources import of_resource, of_stack, worlds
from raven_realtime.declared import rules
from raven_realtime.declared.keeping.configuration import Configuration, find
from raven_realtime.declared.keeping.project_file import read
from raven_realtime.declared.resources import JUDGED, Resource
from raven_realtime.declared.rule import Rule
from raven_realtime.findings.entry import Entry, Finding, Level

SEVERITIES = {Level.ERROR: Severity.HIGH, Level.WARNING: Severity.MEDIUM, Level.NOTE: Severity.LOW}
GUIDELINES = PolicyComplianceFramework(
    name="Raven realtime guidelines", version="2026-02-10", reference="docs/guidelines.md", specification="all sections"
)


COLLECT_AFTER = 50_000
"""New objects after which Python looks for garbage, 700 otherwise. Each policy is given all resources anew, and looking
through them over and over is what grew faster than the stack: 1,000 containers took 2.4 times as long as 500."""


def policies() -> list[Policy]:
    """Return every policy: the mends first, so that what they correct is judged as corrected.

    The process that asks for them looks for garbage less often from then on.
    """
    gc.set_threshold(COLLECT_AFTER)
    told = configured(project_folder())
    found = [
        importlib.import_module(f"{mends.__name__}.{each.name}").POLICY for each in pkgutil.iter_modules(mends.__path__)
    ]
    return [*found, *(policy(rule, told) for rule in rules().values())]


def project_folder() -> Path:
    """Return the folder of the program that is judged: a pack runs in its own, and the engine in the program's."""
    try:
        return Path(f"/proc/{os.getppid()}/cwd").readlink()
    except OSError:
        return Path(os.environ.get("PWD", "."))


def configured(folder: Path) -> Configuration:
    """Read the project's file, `raven-realtime.toml`: the one that the linter reads."""
    file = find(folder)
    return read(file) if file else Configuration()


def policy(rule: Rule, told: Configuration) -> Policy:
    """Return the policy that enforces a rule: before the change of a resource where one resource is enough."""
    described: dict[str, Any] = {
        "name": rule.name,
        "description": f"{rule.entry.code}: {rule.holds}.",
        "enforcement_level": _enforcement(rule, told),
        **about(rule.entry),
    }
    if rule.parameters:
        values = told.parameters.get(rule.name, {})
        properties = {
            name: parameter.schema | ({"default": values[name]} if name in values else {})
            for name, parameter in rule.parameters.items()
        }
        described["config_schema"] = PolicyConfigSchema(properties)
    if rule.alone:
        return ResourceValidationPolicy(validate=_one(rule, told), **described)
    return StackValidationPolicy(validate=_all(rule, told), **described)


def _enforcement(rule: Rule, told: Configuration) -> EnforcementLevel:
    """Return how a policy is enforced: an error stops, a warning or a note is only said."""
    if rule.entry.code in told.off:
        return EnforcementLevel.DISABLED
    said = told.levels.get(rule.entry.code)
    advises = rule.advises if said is None else said is not Level.ERROR
    return EnforcementLevel.ADVISORY if advises else EnforcementLevel.MANDATORY


def about(entry: Entry) -> dict[str, Any]:
    """Return what the SDK has places for, out of a finding's entry."""
    return {
        "display_name": entry.title,
        "severity": SEVERITIES[entry.level],
        "framework": GUIDELINES,
        "tags": ["realtime", "socket.io", entry.hop, entry.code],
        "remediation_steps": entry.remedy.strip(),
        "url": entry.page,
    }


def _one(rule: Rule, told: Configuration) -> Any:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in JUDGED:
            args.not_applicable("nothing of the realtime path")
        for finding in rule.findings(
            worlds().of([of_resource(args)], told.versions), _given(rule, told, args.get_config())
        ):
            if not _ignored(finding, told):
                report(message(finding), args.urn)

    return validate


def _all(rule: Rule, told: Configuration) -> Any:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        resources = of_stack(args.resources)
        for finding in rule.findings(worlds().of(resources, told.versions), _given(rule, told, args.get_config())):
            if not _ignored(finding, told):
                report(message(finding), _urn(finding, resources))

    return validate


def _ignored(finding: Finding, told: Configuration) -> bool:
    return any(each.covers(finding.code, finding.location) for each in told.ignores)


def _given(rule: Rule, told: Configuration, config: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the configured parameters; JSON has no whole numbers, so they are made whole again."""
    given = {key: value for key, value in (config or {}).items() if key in rule.parameters}
    whole = {key: int(value) if isinstance(value, float) else value for key, value in given.items()}
    return {**told.parameters.get(rule.name, {}), **whole}


def message(finding: Finding) -> str:
    """Return what Pulumi prints about a finding: code, place, evidence, remedy."""
    where = f"{finding.location}: " if finding.location else ""
    return f"{finding.code}: {where}{finding.evidence}.\n{finding.todo.strip()}"


def _urn(finding: Finding, resources: list[Resource]) -> str | None:
    """Return the resource that a finding is about: the one whose name its place begins with."""
    where = finding.location.path if finding.location else ""
    fitting = [each for each in resources if where == each.place or where.startswith(f"{each.place} ")]
    return max(fitting, key=lambda each: len(each.place)).urn if fitting else None
