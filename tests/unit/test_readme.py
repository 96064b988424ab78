"""What README.md names is there: make targets, commands, settings, linked files."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import typer

from raven_realtime.cli import mount
from raven_realtime.settings import TARGETS, keys
from tests.readme import README, commands

TEXT = README.read_text()
MAKEFILE = README.with_name("Makefile").read_text()


def subcommands() -> set[str]:
    """Return the commands of `raven-realtime`."""
    return set(typer.main.get_command(mount(typer.Typer())).commands)  # type: ignore[attr-defined]


NAMED: dict[str, tuple[str, Callable[[], set[str]]]] = {
    "make targets": (r"(?:`|^    )make ([a-z-]+)", lambda: set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))),
    "commands": (r"(?:`|^    |bin/)raven-realtime ([a-z]+)", subcommands),
    "settings": (r"raven-realtime:([A-Za-z]+)", lambda: {key for model in TARGETS.values() for key in keys(model)}),
}


@pytest.mark.parametrize("what", NAMED)
def test_what_is_named_is_there(what: str) -> None:
    pattern, there = NAMED[what]
    named = set(re.findall(pattern, TEXT, re.MULTILINE))
    assert named, "the README names none"
    assert named - there() == set()


def test_linked_files_are_there() -> None:
    linked = set(re.findall(r"\]\(([^)#:]+)\)", TEXT))
    assert linked
    assert [name for name in linked if not (README.parent / name).exists()] == []


def test_commands_are_those_of_the_first_block_below_a_heading() -> None:
    assert [line.split()[:2] for line in commands("Two commands")] == [["make", "up"], ["make", "test"]]
    with pytest.raises(AssertionError, match="no heading 'Three commands'"):
        commands("Three commands")
