"""An argument that is an output is refused at once, with the way to await it."""

from __future__ import annotations

import pulumi
import pytest

from components.arguments import require_known
from raven_realtime.problem import Problem

HOST = pulumi.Output.from_input("chat.example.com")


@pytest.mark.parametrize(
    "arguments", [{"upstream": HOST}, {"hosts": [HOST]}, {"hosts": ["a.example.com", HOST]}, {"image": HOST}]
)
def test_refused(arguments: dict[str, object]) -> None:
    (key,) = arguments
    with pytest.raises(Problem) as refused:
        require_known(arguments, "RealtimeSidecar", "chat")
    said = str(refused.value)
    assert said.startswith(f"{key} in the arguments of chat is an output")
    assert f'value.apply(lambda known: RealtimeSidecar("chat", {{"{key}": known, …}}))' in said


def test_known_values_pass() -> None:
    require_known({"hosts": ["a.example.com"], "capacity": 10, "align_ports": True, "image": None}, "A", "a")
