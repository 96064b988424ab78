"""The lines of a configuration, and the words of a line.

Quotes, backslashes and variables are as section 2.2 of HAProxy's configuration manual says.
"""

from __future__ import annotations

import re

from raven_realtime.proxies.haproxy.unknown import Unknown
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

ENVIRONMENT = "\0"
"""Stands around the name of an environment variable in a word: its value is known only where HAProxy runs."""

_PIECE = re.compile(
    r"""(?P<space>[ \t]+)|(?P<comment>\#.*)|'(?P<strong>[^']*)'|"(?P<weak>(?:[^"\\]|\\.)*)"
    |\\(?P<escaped>x[0-9a-fA-F]{2}|.)|(?P<plain>[^ \t\#"'\\]+)""",
    re.VERBOSE | re.DOTALL,
)
_IN_WEAK = re.compile(
    r"""\\(?P<escaped>x[0-9a-fA-F]{2}|.)
    |\$(?:\{(?P<braced>[A-Za-z_.][A-Za-z0-9_.]*)(?:\[\*\])?(?:-[^}]*)?\}|(?P<bare>[A-Za-z_][A-Za-z0-9_]*))""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}


@record
class Line:
    """One line of the file, in words."""

    words: tuple[str, ...]
    location: Location

    @property
    def keyword(self) -> str:
        """The first word."""
        return self.words[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        """All words but the first."""
        return self.words[1:]


def lines(text: str, name: str) -> tuple[Line, ...]:
    """Split a file into lines of words; empty lines and comments are left out.

    Raises:
        Unreadable: a quote is not closed, or a backslash ends a line.
    """
    found: list[Line] = []
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        location = Location(name, number)
        if "\0" in raw:
            raise Unreadable("The line has a NUL byte; this is not a text file.", location)
        if words := _words(raw, location):
            found.append(Line(tuple(words), location))
    return tuple(found)


def known(word: str, location: Location | None = None) -> str:
    """Return the word as it is.

    Raises:
        Unknown: it holds an environment variable.
    """
    if ENVIRONMENT in word:
        raise Unknown(f"{shown(word)} depends on the environment of HAProxy", location)
    return word


def shown(word: str) -> str:
    """Return the word as a reader may see it: ``${NAME}`` for a variable."""
    return re.sub(f"{ENVIRONMENT}([^{ENVIRONMENT}]*){ENVIRONMENT}", r"${\1}", word)


def _words(raw: str, location: Location) -> list[str]:
    words: list[str] = []
    begun = False  # a word is: what follows without a space between belongs to it
    at = 0
    while at < len(raw):
        piece = _PIECE.match(raw, at)
        if piece is None:
            fault = "A backslash ends the line, and HAProxy knows no continued lines."
            raise Unreadable(fault if raw[at] == "\\" else "A quote is not closed.", location)
        at = piece.end()
        if piece["comment"] is not None:
            break
        if piece["space"] is not None:
            begun = False
            continue
        if not begun:
            words.append("")
        begun = True
        words[-1] += _meaning(piece)
    return words


def _meaning(piece: re.Match[str]) -> str:
    """Return what a piece of a word stands for."""
    if piece["weak"] is not None:
        return _IN_WEAK.sub(_meaning_in_weak, piece["weak"])
    if piece["escaped"] is not None:
        return _escaped(piece["escaped"])
    return piece["strong"] or piece["plain"] or ""


def _meaning_in_weak(piece: re.Match[str]) -> str:
    if piece["escaped"] is not None:
        return _escaped(piece["escaped"])
    return ENVIRONMENT + (piece["braced"] or piece["bare"]) + ENVIRONMENT


def _escaped(char: str) -> str:
    """Return what a backslash makes of the characters after it; before others it stays."""
    if len(char) == 3:
        return chr(int(char[1:], 16))
    if char in _ESCAPES:
        return _ESCAPES[char]
    return char if char in "\\ #'\"$" else "\\" + char
