"""Previews of declared stacks by the real engine: a stranger's project, which names our pack by its folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine import Run, project
from tests.engine import Stack as EngineStack
from tests.policies.cases import ROOT
from tests.policies.declared import HOST, Declared

PACK = ROOT / "policies"
PROGRAM = """
import json
from pathlib import Path

import pulumi
from pulumi_command import local

later = local.Command("later", create="true")
provider = pulumi.ProviderResource("docker", "docker", {"disableDockerDaemonCheck": "true"})
made = {}


def live(value):
    if value == "\\0unknown":
        return later.stdout
    if isinstance(value, str) and value.startswith("\\0secret:"):
        return pulumi.Output.secret(value.partition(":")[2])
    if isinstance(value, dict):
        return {key: live(inner) for key, inner in value.items()}
    return [live(inner) for inner in value] if isinstance(value, list) else value


for each in json.loads(Path("stack.json").read_text()):
    needs = [made[name] for name in each["needs"]]
    own = provider if each["type"].startswith("docker:") else None
    options = pulumi.ResourceOptions(depends_on=needs, provider=own)
    made[each["name"]] = pulumi.CustomResource(each["type"], each["name"], live(each["properties"]), options)
"""


@dataclass(frozen=True)
class Violation:
    """One violation that the engine reported."""

    policy: str
    level: str
    message: str
    resource: str
    """The name of the resource it is about; empty for the stack."""


def preview(folder: Path, stack: Sequence[Declared], *arguments: str, pack: Path = PACK) -> tuple[Run, list[Violation]]:
    """Preview a stack with the pack and return what the engine said, whatever its exit code.

    Args:
        folder: a folder of the test's own; the project lies in it, outside the repository.
        stack: what the program declares.
        arguments: further options of `pulumi preview`.
        pack: the pack's folder.
    """
    made = project(folder / "project", PROGRAM)
    described = [
        {"type": each.type, "name": each.name, "properties": each.properties, "needs": each.needs} for each in stack
    ]
    (made / "stack.json").write_text(json.dumps(described))
    run = EngineStack(folder / "state", made).preview("--policy-pack", str(pack), *arguments, expect=None)
    # a traceback of ours, that is: grpc's server may leave one of its own when the engine ends the language host
    assert not any(f'File "{ROOT / room}' in run.text for room in ("policies", "raven_realtime")), run.text
    return run, [_violation(content) for content in run.policy_violations()]


def _violation(content: Mapping[str, Any]) -> Violation:
    urn = str(content.get("resourceUrn") or "")
    return Violation(content["policyName"], content["enforcementLevel"], content["message"], urn.rpartition("::")[2])


def apart(name: str, stack: Sequence[Declared]) -> list[Declared]:
    """Give a stack names, routers and a host of its own, so that many stand side by side in one preview."""

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace("frappe-socketio", name).replace(HOST, f"{name}.example")
        if isinstance(value, Mapping):
            return {key: renamed(inner) for key, inner in value.items()}
        return [renamed(inner) for inner in value] if isinstance(value, list | tuple) else value

    found = []
    for each in stack:
        needs = tuple(f"{name}.{needed}" for needed in each.needs)
        found.append(Declared(each.type, f"{name}.{each.name}", _named(name, renamed(each.properties)), needs))
    return found


def _named(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    own = properties.get("name")
    return {**properties, "name": f"{name}-{own}"} if isinstance(own, str) and not own.startswith(name) else properties
