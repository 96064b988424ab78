"""What can be rendered: a target, complete with its text, its help line and its row in docs/render.md."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from raven_realtime.render.wanted import Wanted


@dataclass(frozen=True)
class Target:
    """One configuration that people have, and how it is written."""

    title: str
    """Whose configuration it is and what it does, in a line."""
    goes: str
    """Where the text goes, and how it comes into force."""
    proved: str
    """What it was tried on, in the tests."""
    render: Callable[[Wanted], str]
    takes: tuple[str, ...] = ()
    """The options that it uses, besides the hosts."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """Where web and Socket.IO are, unless it is said."""


def fill(text: str, **values: object) -> str:
    """Return a text with a value for each ``{{name}}`` in it.

    Raises:
        KeyError: the text has no such name.
    """
    for name, value in values.items():
        mark = "{{" + name + "}}"
        if mark not in text:
            raise KeyError(name)
        text = text.replace(mark, str(value))
    return text


def lines(each: list[str] | tuple[str, ...], indent: int) -> str:
    """Return lines for the place of a mark that stands ``indent`` columns in: the first is where the mark is."""
    return f"\n{' ' * indent}".join(each)
