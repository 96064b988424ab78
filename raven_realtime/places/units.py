"""systemd's unit files: sections, keys and values, with their lines.

Source: systemd's manual, ``systemd.syntax`` and ``systemd.service``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

_SECTION = re.compile(r"\[([^\[\]]+)\]$")


@record
class Entry:
    """One assignment."""

    section: str
    key: str
    value: str
    """Without the white space around it; lines that continue are joined by a space."""
    location: Location


@record
class Unit:
    """A unit file."""

    name: str
    entries: tuple[Entry, ...]

    def section_at(self, section: str) -> Location | None:
        """Return where a section's first key stands; None without the section."""
        return next((entry.location for entry in self.entries if entry.section == section), None)

    def all(self, section: str, key: str) -> tuple[Entry, ...]:
        """Return the assignments of a key that may be given several times: an empty one takes back those before it."""
        found: list[Entry] = []
        for entry in self.entries:
            if (entry.section, entry.key) == (section, key):
                found = [*found, entry] if entry.value else []
        return tuple(found)

    def last(self, section: str, key: str) -> Entry | None:
        """Return the assignment of a key that counts: the last one; None without one, or where that is empty."""
        found = self.all(section, key)
        return found[-1] if found else None

    def text(self, section: str, key: str) -> str:
        """Return the value of a key; empty without one."""
        entry = self.last(section, key)
        return entry.value if entry else ""


def read_unit(text: str, name: str) -> Unit:
    """Read a unit file.

    Args:
        text: The file's text.
        name: What its locations call the file.

    Raises:
        Unreadable: If a line is neither a section, an assignment nor a comment, or stands before any section.
    """
    return Unit(name, tuple(_entries(text, name)))


def _entries(text: str, name: str) -> Iterator[Entry]:
    section = ""
    for number, line in _logical_lines(text):
        place = Location(name, number)
        match = _SECTION.match(line)
        if match:
            section = match[1]
            continue
        key, equals, value = line.partition("=")
        if not equals:
            raise Unreadable(f'"{line[:60]}" is neither a section nor an assignment.', place)
        if not section:
            raise Unreadable("An assignment stands before any section.", place)
        yield Entry(section, key.strip(), value.strip(), place)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Join lines that end with a backslash to the next; comments between them do not count."""
    parts: list[str] = []
    start = 0
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith(("#", ";")) or (not stripped and not parts):
            continue
        start = start if parts else number
        if line.rstrip().endswith("\\"):
            parts.append(stripped[:-1].strip())
            continue
        yield start, " ".join([*parts, stripped]).strip()
        parts = []
    if parts:
        yield start, " ".join(parts)


def words_of(value: str) -> list[str]:
    """Split a value at white space, with its quotes taken off; as it stands where they do not close."""
    try:
        return shlex.split(value)
    except ValueError:
        return value.split()
