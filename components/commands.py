"""How our components write a pulumi-command Command: which program, from where, with what shown."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi_command import local


class Word(str):
    """A word of a command line as the shell reads it, quoted already."""

    __slots__ = ()


def path(file: str | Path) -> Word:
    """Return how a command line names a file: by way of the project's folder, or of the home folder, if it lies there.

    So a checkout elsewhere, or another operator's home, plans no change.
    """
    given, here, home = Path(file), Path.cwd(), Path.home()
    if given.is_relative_to(here):
        return Word(shlex.quote(str(given.relative_to(here))))
    if given.is_relative_to(home):
        return Word(f'"$HOME"/{shlex.quote(str(given.relative_to(home)))}')
    return Word(shlex.quote(str(given)))


def tool(name: str) -> Word:
    """Return how a command line names a program of this project's Python."""
    return path(Path(sys.executable).parent / name)


def raven_realtime(*arguments: str) -> str:
    """Return a shell command line of `raven-realtime`."""
    return " ".join(
        [tool("raven-realtime"), *(one if isinstance(one, Word) else shlex.quote(one) for one in arguments)]
    )


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
