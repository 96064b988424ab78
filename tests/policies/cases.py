"""The fixtures of the rules, found by listing the folder: fixtures/<rule>.py with a stack FIRES and a stack SILENT."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path

from raven_realtime.declared import rules
from raven_realtime.declared.rule import Rule
from tests.policies.declared import Stack

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Case:
    """One rule with its stacks."""

    name: str
    fires: Stack
    silent: Stack

    @property
    def rule(self) -> Rule:
        """The rule of that name."""
        return rules()[self.name]


def _case(file: Path) -> Case:
    module = importlib.import_module(f"tests.policies.fixtures.{file.stem}")
    return Case(file.stem.replace("_", "-"), module.FIRES, module.SILENT)


CASES = {case.name: case for case in map(_case, sorted((Path(__file__).parent / "fixtures").glob("[a-z]*.py")))}
