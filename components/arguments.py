"""What a component's arguments may be: known when the program runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from raven_realtime.problem import Problem


def require_known(arguments: Mapping[str, Any], component: str, name: str) -> None:
    """Refuse an output among a component's arguments, other than a secret.

    Args:
        arguments: as the program gives them, without those that may be outputs.
        component: the component's class.
        name: its name.

    Raises:
        Problem: one is an output, with the way to await it.
    """
    for key, value in arguments.items():
        if _awaited(value):
            raise Problem(
                f"{key} in the arguments of {name} is an output: its value is not known yet. The names of containers, "
                "labels and checks follow from the arguments, so they have to be known when the program runs. Take the "
                "value from the stack's configuration or from a StackReference's get_output_details; or declare the "
                f'component when it is there: value.apply(lambda known: {component}("{name}", {{"{key}": known, …}})).'
            )


def _awaited(value: object) -> bool:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return any(_awaited(each) for each in value)
    return isinstance(value, pulumi.Output)
