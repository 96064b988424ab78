"""A preview, read from the engine's event log (`pulumi preview --event-log FILE`)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from raven_realtime.declared.resources import UNKNOWN, Resource, read
from raven_realtime.declared.world import World
from raven_realtime.findings import Level, catalogue
from raven_realtime.proxies.record import record

UNKNOWN_IN_EVENTS = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""How the engine writes a value that is not known at preview (pulumi/sdk, `plugin.UnknownStringValue`)."""
DEFAULTS = "__defaults"
"""Where a bridged provider lists what it filled in; names that it made at random are among it."""
CODED = re.compile(r"^(RT\d{3}): ", re.MULTILINE)
"""A violation of our pack: `RT005: place: evidence.` and the remedy on the lines below."""


@record
class Violation:
    """What a policy reported."""

    policy: str
    urn: str
    """The resource it is about; empty or the stack's where it is about several."""
    code: str
    """Of the finding; empty for other packs' policies."""
    evidence: str
    remedy: str
    mandatory: bool

    @property
    def stops(self) -> bool:
        """Whether the change must not be merged: the policy is mandatory, or the finding an error."""
        entry = catalogue().get(self.code)
        return self.mandatory or (entry is not None and entry.level is Level.ERROR)


@record
class Plan:
    """What a preview planned and what was said about it."""

    resources: tuple[Resource, ...]
    """Those that would exist afterwards, without the stack and providers."""
    violations: tuple[Violation, ...] = ()
    errors: tuple[str, ...] = ()
    """Why there is no plan: what the engine or the program said."""

    @property
    def world(self) -> World:
        """What the resources declare."""
        return World.of(read(self.resources).parts)


def read_events(lines: Iterable[str], *, failed: bool) -> Plan:
    """Read a preview's event log.

    Args:
        lines: The log, one JSON object a line.
        failed: Whether the engine's exit code said so; its errors are kept then.
    """
    resources: list[Resource] = []
    violations: list[Violation] = []
    errors: list[str] = []
    for text in lines:
        event = json.loads(text)
        if "resourcePreEvent" in event:
            state = event["resourcePreEvent"]["metadata"].get("new")
            if state and not state["type"].startswith("pulumi:"):
                name = state["urn"].rpartition("::")[2]
                resources.append(Resource(state["type"], name, state["urn"], _plain(state.get("inputs") or {})))
        elif "policyEvent" in event:
            violations.append(_violation(event["policyEvent"]))
        elif "diagnosticEvent" in event and event["diagnosticEvent"].get("severity") == "error":
            errors.append(_clean(event["diagnosticEvent"]["message"]))
    stopped = any(violation.mandatory for violation in violations)
    return Plan(
        tuple(sorted(resources, key=lambda resource: (resource.type, resource.name))),
        tuple(dict.fromkeys(violations)),
        tuple(dict.fromkeys(errors)) if failed and not stopped else (),
    )


def _violation(event: Mapping[str, Any]) -> Violation:
    said = _clean(event["message"])
    coded = list(CODED.finditer(said))
    chosen = coded[:2][-1] if coded else None  # the engine puts the policy's description first, which has the code too
    code, rest = (chosen[1], said[chosen.end() :]) if chosen else ("", said)
    evidence, _, remedy = rest.partition("\n")
    return Violation(
        str(event.get("policyName", "")),
        str(event.get("resourceUrn", "")),
        code,
        evidence.strip().rstrip("."),
        remedy.strip(),
        event.get("enforcementLevel") == "mandatory",
    )


def _clean(text: str) -> str:
    """Take out the engine's colours."""
    return re.sub(r"<\{%.*?%\}>|\x1b\[[0-9;]*m", "", text).strip()


def _plain(value: Any) -> Any:
    """Leave out what the provider filled in, and write unknown values as our readers know them."""
    if isinstance(value, dict):
        filled = {*value.get(DEFAULTS, ()), DEFAULTS}
        return {key: _plain(inner) for key, inner in value.items() if key not in filled}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return UNKNOWN if value == UNKNOWN_IN_EVENTS else value
