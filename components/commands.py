"""How our components write a pulumi-command Command: which program, from where, with what shown."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi_command import local


def in_project(path: Path) -> str:
    """Return a path relative to the project where it lies in it, so that a checkout elsewhere plans no change."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def tool(name: str) -> str:
    """Return how a command line names a program of this project's Python."""
    return shlex.quote(in_project(Path(sys.executable).parent / name))


def raven_realtime(*arguments: str) -> str:
    """Return a shell command line of `raven-realtime`."""
    return f"{tool('raven-realtime')} {shlex.join(arguments)}"


def local_command(
    name: str,
    create: pulumi.Input[str],
    *,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource] = (),
    delete: str | None = None,
    stdin: pulumi.Input[str] | None = None,
    environment: Mapping[str, pulumi.Input[str]] | None = None,
    triggers: Sequence[Any] | None = None,
    logging: local.Logging | None = None,
    was: str | None = None,
) -> local.Command:
    """Declare a command of this machine; the same line serves create and update.

    Args:
        name: the resource's name.
        create: the command line.
        parent: the component that it belongs to.
        after: what has to be there first.
        delete: the command line for `pulumi destroy`; none for what leaves nothing behind.
        stdin: what the command reads. What changes over time goes here or into ``environment``: both update in place.
        environment: variables, secrets among them.
        triggers: values whose change reruns the command as a replacement.
        logging: what Pulumi shows while it runs; both streams if left out.
        was: what the resource was called before.
    """
    return local.Command(
        name,
        create=create,
        update=create,
        delete=delete,
        stdin=stdin,
        environment=dict(environment) if environment else None,
        triggers=list(triggers) if triggers is not None else None,
        logging=logging,
        opts=pulumi.ResourceOptions(
            parent=parent, depends_on=list(after), aliases=[pulumi.Alias(name=was)] if was else None
        ),
    )
