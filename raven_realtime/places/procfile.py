"""Procfiles: ``name: command``, one a line, as honcho and bench read them."""

from __future__ import annotations

import re

from raven_realtime.places.process import Process, Program, process_of
from raven_realtime.proxies.location import Location

_LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$")


def is_procfile(text: str) -> bool:
    """Tell by its content whether a text is a Procfile: only names with commands, of which one at least is known.

    YAML's mappings have the same form, so that the commands decide.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not all(_LINE.match(line) for line in lines):
        return False
    return any(process.program is not Program.OTHER for process in read(text, ""))


def read(text: str, name: str) -> tuple[Process, ...]:
    """Read the processes of a Procfile; lines of another form are passed over, as honcho does.

    Args:
        text: The file's text.
        name: What its locations call the file.
    """
    return tuple(
        process_of(match[1], match[2].strip(), Location(name, number))
        for number, line in enumerate(text.splitlines(), 1)
        if (match := _LINE.match(line.strip()))
    )
