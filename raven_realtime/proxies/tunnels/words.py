"""Command lines: their words, and the flags among them."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from dataclasses import dataclass, field


def words_of(text: str) -> list[str]:
    """Split a command line as a shell does; at white space where its quotes do not close."""
    try:
        return shlex.split(text.replace("\\\n", " "), comments=False)
    except ValueError:
        return text.split()


@dataclass
class Arguments:
    """The words of a command line, told apart."""

    flags: dict[str, list[str]] = field(default_factory=dict)
    """The values of each flag, without its dashes; ``true`` for a switch."""
    operands: list[str] = field(default_factory=list)

    def last(self, *names: str) -> str:
        """Return the value given last to a flag, which may have several names; empty without one."""
        return next((self.flags[name][-1] for name in names if name in self.flags), "")

    def all(self, *names: str) -> list[str]:
        """Return the values given to a flag, which may have several names."""
        return [value for name in names for value in self.flags.get(name, ())]

    def on(self, name: str) -> bool:
        """Tell whether a switch is on."""
        return self.last(name).lower() in ("true", "1", "t")


def arguments_of(words: list[str], switches: Collection[str]) -> Arguments:
    """Tell flags and operands apart.

    Args:
        words: What follows the program's name.
        switches: The flags that take no word after them.
    """
    arguments = Arguments()
    rest = iter(words)
    for word in rest:
        name, equals, value = word.lstrip("-").partition("=")
        if not word.startswith("-") or not name:
            arguments.operands.append(word)
        else:
            given = value if equals else "true" if name in switches else next(rest, "")
            arguments.flags.setdefault(name, []).append(given)
    return arguments


def program_at(words: list[str], name: str) -> int | None:
    """Return where a program's name stands among words, with or without its folder; None without it."""
    return next((at for at, word in enumerate(words) if word.rpartition("/")[2] == name), None)
