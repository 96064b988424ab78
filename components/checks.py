"""The post-deploy checks: one Command a hop, in the order of the path, each waiting for the one before.

A check that fails fails the update, and what waits for it is skipped. Source: design decision 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.commands import local_command
from raven_realtime.live.verify.stamp import STAMP, outcome

CHECK_VERSION = "1"
"""Raised when the checks themselves change, so that they run again on an unchanged path."""


@dataclass(frozen=True)
class HopCheck:
    """One check: its name, the command line that a person can copy, and what it needs in its environment."""

    name: str
    command: pulumi.Input[str]
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


class PostDeployChecks(pulumi.ComponentResource):
    """The checks of one path."""

    passed: pulumi.Output[dict[str, str]]
    """For each check the line that it printed, and when."""

    def __init__(
        self,
        name: str,
        checks: Sequence[HopCheck],
        *,
        triggers: Sequence[Any],
        changes: str = "",
        after: Sequence[pulumi.Resource],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the checks.

        Args:
            name: the component's name; each check is called ``<name>-<check>``.
            checks: the checks, outermost need first: the one that explains most when it fails comes first.
            triggers: what the path is made of; a change of any value replaces every check.
            changes: what of it changes in place: every check reruns, and stays, as a protected one has to.
            after: what has to be there before the first check.
            opts: Pulumi's options.
        """
        super().__init__("raven-realtime:index:PostDeployChecks", name, {}, opts)
        self.all: list[pulumi.Resource] = []
        waiting = list(after)
        lines: dict[str, pulumi.Output[str]] = {}
        for check in checks:
            line = pulumi.Output.concat(STAMP, check.command)
            made = local_command(
                f"{name}-{check.name}",
                line,
                parent=self,
                after=waiting,
                environment=check.environment,
                triggers=[CHECK_VERSION, *triggers],
                stdin=changes or None,
            )
            self.all.append(made)
            waiting = [made]
            lines[check.name] = made.stdout.apply(outcome)
        self.passed = pulumi.Output.all(**lines)
        self.register_outputs({"passed": self.passed})
