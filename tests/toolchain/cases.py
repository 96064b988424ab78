"""Tables of resources run by the real engine in one stack: a table costs a few engine runs, not one a row."""

from __future__ import annotations

import importlib.metadata
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine import Run, Stack, throwaway

PROGRAM = """
import json, pathlib, pulumi

def value(given):
    if isinstance(given, dict):
        if "secret" in given:
            return pulumi.Output.secret(value(given["secret"]))
        if "file" in given:
            return pulumi.FileAsset(given["file"])
        if "archive" in given:
            return pulumi.FileArchive(given["archive"])
        if "text" in given:
            return pulumi.StringAsset(given["text"])
        return {key: value(item) for key, item in given.items()}
    return [value(item) for item in given] if isinstance(given, list) else given

class Raw(pulumi.CustomResource):
    def __init__(self, type_, name, inputs, outputs, options):
        super().__init__(type_, name, value(inputs) | dict.fromkeys(outputs), options)

for case in json.loads(pathlib.Path("cases.json").read_text()):
    options = pulumi.ResourceOptions(
        version=case["version"], custom_timeouts=case["timeout"] and pulumi.CustomTimeouts(create=case["timeout"])
    )
    resource = Raw(case["type"], case["name"], case["inputs"], ["stdout", "stderr"], options)
"""
"""Registers resources as the engine sees them, past what the SDK adds or refuses."""
SHOWN: dict[str, tuple[str | None, set[str]]] = {
    "default": (None, {"out", "err"}),
    "stdout": ("stdout", {"out"}),
    "stderr": ("stderr", {"err"}),
    "both": ("stdoutAndStderr", {"out", "err"}),
    "none": ("none", set()),
}
"""Values of ``logging``, and which lines of ``echo out; echo err >&2`` each shows while it runs."""


@dataclass(frozen=True)
class Resource:
    """One resource of a table. In inputs ``{"secret": …}``, ``{"file": PATH}`` and the like stand for Pulumi values."""

    name: str
    inputs: Mapping[str, Any]
    type: str = "command:local:Command"
    timeout: str | None = None
    """A custom timeout of creation, such as ``2s``."""


class Table:
    """A stack whose resources are given anew for each update."""

    def __init__(self, tmp_path: Path, environment: Mapping[str, str] | None = None) -> None:
        self.stack = throwaway(tmp_path, PROGRAM)
        self.stack.environment.update(environment or {})

    def declare(self, resources: Iterable[Resource]) -> Stack:
        """Set what the program declares from now on."""
        version = importlib.metadata.version("pulumi-command")
        described = [{**vars(resource), "version": version} for resource in resources]
        (self.stack.folder / "cases.json").write_text(json.dumps(described))
        return self.stack


def said_of(run: Run, name: str, *severities: str) -> list[str]:
    """Return what a run said of the resource ``name`` at these severities."""
    return [
        content["message"].strip()
        for content in run.of("diagnostic")
        if content["severity"] in severities and content.get("urn", "").endswith(f"::{name}")
    ]
