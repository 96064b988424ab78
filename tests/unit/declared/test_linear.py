"""What is searched in uploads, standard input and command lines takes time in proportion to its length."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from raven_realtime.declared import files, judge, resources
from tests.policies.declared import COMMAND, Declared, as_resources

if TYPE_CHECKING:
    from pathlib import Path

LENGTH = 200_000
"""Repetitions: at the square of it, one of these searches would take minutes."""


def test_a_folder_of_two_thousand_unrelated_files_is_passed_over_soon(tmp_path: Path) -> None:
    values = "\n".join(f"key{number}: {{a: [{number}, b], c: 'some text'}}" for number in range(40))
    for number in range(1000):
        (tmp_path / f"{number}.yml").write_text(f"{values}\n---\n{values}" if number % 5 == 0 else values)
        (tmp_path / f"{number}.json").write_text('{"name": "x", "values": [1, 2, 3]}')
    began = time.process_time()
    reading = files.read([str(tmp_path)])
    assert judge(reading.world) == []
    assert reading.problems == []
    assert time.process_time() - began < 5


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
