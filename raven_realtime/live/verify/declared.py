"""The checks of a deployed stack, read from its state: the very commands that `pulumi up` ran."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any

from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record

CHECKS = "raven-realtime:index:PostDeployChecks"
COMMAND = "command:local:Command"
FORMER = "command:remote:Command"
"""How versions before 0.2 ran what asks the server itself."""


@record
class Declared:
    """One check: its name, its command line and its environment."""

    name: str
    command: str
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


def read(stack: str) -> list[Declared]:
    """Return the checks of a stack in the order in which they run.

    Raises:
        Problem: no pulumi, no such stack, or nothing deployed.
    """
    if shutil.which("pulumi") is None:
        raise Problem("`pulumi` is not on PATH. In this repository: make verify. Elsewhere: install Pulumi.")
    export = ["pulumi", "stack", "export", "--show-secrets", "--stack", stack]
    ran = subprocess.run(export, capture_output=True, text=True, check=False)
    deploy = f"Deploy it with: pulumi up --stack {stack} (with this repository's make: make up STACK={stack})"
    if "no stack named" in ran.stderr:
        raise Problem(f"There is no stack {stack} here, so nothing is deployed. {deploy}")
    if ran.returncode:
        raise Problem(f"The state of stack {stack} cannot be read: {ran.stderr.strip()}")
    found = list(checks(json.loads(ran.stdout)))
    if not found:
        raise Problem(f"Stack {stack} has no checks: it is not deployed. {deploy}")
    return found


def checks(state: Mapping[str, Any]) -> Iterator[Declared]:
    """Yield the checks of an exported state; a state lists resources after what they depend on.

    Raises:
        Problem: an earlier version deployed it, whose checks cannot be run from here.
    """
    for resource in state.get("deployment", {}).get("resources") or []:
        parent = str(resource.get("parent", ""))
        if parent.split("::")[-2:-1] and parent.split("::")[-2].endswith(CHECKS):
            if resource["type"] == FORMER:
                raise Problem("This stack was deployed by an earlier version. Run pulumi up once, then verify it.")
            if resource["type"] != COMMAND:
                continue
            inputs = resource["inputs"]
            yield Declared(
                name=str(resource["urn"]).rpartition("::")[2],
                command=plain(inputs["create"]),
                environment={key: str(plain(value)) for key, value in plain(inputs.get("environment") or {}).items()},
            )


def plain(value: Any) -> Any:
    """Return a value of the state with its secrets opened (``--show-secrets`` writes them as objects)."""
    if isinstance(value, dict):
        if "plaintext" in value:
            return plain(json.loads(value["plaintext"]))
        return {key: plain(inner) for key, inner in value.items()}
    return value
