"""A Caddyfile cut into tokens (https://caddyserver.com/docs/caddyfile/concepts#tokens-and-quotes)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

_VARIABLE = re.compile(r"\{\$([^}:]{1,200})(?::([^}]{0,2000}))?\}")
_HEREDOC = re.compile(r"<<([A-Za-z0-9_-]+)\r?\n")
_CONTINUED = re.compile(r"\\\r?\n")
_QUOTES = {'"': re.compile(r'((?:[^"\\]|\\.)*)"', re.DOTALL), "`": re.compile(r"([^`]*)`")}


@record
class Token:
    """A word of a Caddyfile, without its quotes."""

    text: str
    location: Location
    quoted: bool = False
    last_line: int = 0
    """Where it ends: a quoted token may have several lines."""

    @property
    def opens(self) -> bool:
        """Whether it opens a block."""
        return self.text == "{" and not self.quoted

    @property
    def closes(self) -> bool:
        """Whether it closes a block."""
        return self.text == "}" and not self.quoted


def fill_in(text: str, environment: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Replace ``{$NAME}`` and ``{$NAME:default}``, as Caddy does before it reads anything else.

    Returns:
        The text, in which a variable of unknown value still stands as ``{$NAME}``, and the names of those whose default
        was taken.
    """
    defaults: dict[str, None] = {}

    def value(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        if name in environment:
            return environment[name]
        if default is None:
            return found[0]
        defaults[name] = None
        return str(default)

    return _VARIABLE.sub(value, text), tuple(defaults)


def tokenize(text: str, name: str) -> list[Token]:
    """Return the tokens of a file.

    Args:
        text: the file's content, its variables filled in.
        name: what locations call it.

    Raises:
        Unreadable: a quote or a heredoc is not closed.
    """
    tokens: list[Token] = []
    position, line, joined = 0, 1, 0  # joined: lines that a backslash at their end makes one with the next
    while position < len(text):
        char = text[position]
        if char == "\n":
            line, joined, position = line + 1 + joined, 0, position + 1
        elif char.isspace():
            position += 1
        elif found := _CONTINUED.match(text, position):
            joined, position = joined + 1, found.end()
        elif char == "#":
            position = end if (end := text.find("\n", position)) >= 0 else len(text)
        elif char in _QUOTES:
            whole = _QUOTES[char].match(text, position + 1)
            if whole is None:
                raise Unreadable("A quote is not closed.", Location(name, line))
            body = whole[1].replace('\\"', '"') if char == '"' else whole[1]
            last = line + whole[1].count("\n")
            tokens.append(Token(body, Location(name, line), True, last))
            line, position = last, whole.end()
        elif heredoc := _HEREDOC.match(text, position):
            body, position, lines = _heredoc(text, heredoc, Location(name, line))
            tokens.append(Token(body, Location(name, line), True, line + lines))
            line += lines
        else:
            word, position = _word(text, position)
            tokens.append(Token(word, Location(name, line), False, line))
    return tokens


def _word(text: str, start: int) -> tuple[str, int]:
    """Return a plain token and where it ends; only a newline can be escaped in it."""
    position = start
    while position < len(text) and not text[position].isspace():
        if text[position] == "\\" and _CONTINUED.match(text, position):
            break
        position += 1
    return text[start:position], position


def _heredoc(text: str, opening: re.Match[str], location: Location) -> tuple[str, int, int]:
    """Return a heredoc's text without the indent of its end, where it ends, and how many lines it has."""
    ending = re.compile(rf"^([ \t]*){re.escape(opening[1])}", re.MULTILINE).search(text, opening.end())
    if ending is None:
        raise Unreadable(f"A heredoc has no closing {opening[1]}.", location)
    body = text[opening.end() : ending.start()]
    lines = [each.removeprefix(ending[1]).rstrip("\r") for each in body.split("\n")]
    return "\n".join(lines).removesuffix("\n"), ending.end(), body.count("\n") + 1
