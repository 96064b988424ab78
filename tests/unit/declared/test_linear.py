"""What is searched in uploads, standard input and command lines takes time in proportion to its length."""

from __future__ import annotations

import time

import pytest

from raven_realtime.declared import judge, resources
from tests.policies.declared import COMMAND, Declared, as_resources

LENGTH = 200_000
"""Repetitions: at the square of it, one of these searches would take minutes."""


@pytest.mark.parametrize("key", ["stdin", "create"])
@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        " ",
        "\t",
        "-",
        "--",
        "\n ",
        "location\n",
        "upstream ",
        "map a ",
        "a_",
        "--token ",
        "authtoken:\n",
        "ngrok ",
        "websocket",
        "-realtime",
        "http://a",
        "a.b:90/socket.io",
    ],
    ids=repr,
)
def test_a_hostile_text_is_judged_soon(key: str, piece: str) -> None:
    began = time.process_time()
    judge(resources.read(as_resources([Declared(COMMAND, "hostile", {key: piece * LENGTH})])).world)
    assert time.process_time() - began < 20
