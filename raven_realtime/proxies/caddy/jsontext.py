"""JSON whose objects know their line."""

from __future__ import annotations

import json
import re
from typing import Any

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.unreadable import Unreadable

DEEPEST = 200
"""How deep it may nest: routes in routes take five levels each."""

_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_PLAIN = re.compile(r"true|false|null|-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][+-]?\d{1,3})?")


class Object(dict[str, Any]):
    """An object of JSON, with the line that it begins on."""

    line: int | None = None


def parse(text: str, name: str) -> Any:
    """Parse JSON.

    Raises:
        Unreadable: it is none, or nests too deep.
    """
    reader = _Reader(text, name)
    value = reader.value(0)
    reader.skip()
    if reader.position < len(text):
        raise reader.fault("something follows the JSON")
    return value


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self.text, self.name, self.position = text, name, 0
        self._counted, self._line = 0, 1

    @property
    def line(self) -> int:
        """The line of the position; positions only grow."""
        self._line += self.text.count("\n", self._counted, self.position)
        self._counted = self.position
        return self._line

    def fault(self, what: str) -> Unreadable:
        return Unreadable(f"It is not JSON: {what}.", Location(self.name, self.line))

    def skip(self) -> str:
        """Skip space, and return the next character; empty at the end."""
        found = _SPACE.match(self.text, self.position)
        self.position = found.end() if found else self.position
        return self.text[self.position : self.position + 1]

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise self.fault("it nests too deep")
        char = self.skip()
        if char == "{":
            return self._object(depth)
        if char == "[":
            return self._array(depth)
        if char == '"':
            return self._string()
        found = _PLAIN.match(self.text, self.position)
        if found is None:
            raise self.fault("a value is missing")
        self.position = found.end()
        return json.loads(found[0])

    def _object(self, depth: int) -> Object:
        made = Object()
        made.line = self.line
        self.position += 1
        if self.skip() == "}":
            self.position += 1
            return made
        while True:
            if self.skip() != '"':
                raise self.fault("a key is missing")
            key = self._string()
            if self.skip() != ":":
                raise self.fault("a colon is missing")
            self.position += 1
            made[key] = self.value(depth + 1)
            if self._ends("}"):
                return made

    def _array(self, depth: int) -> list[Any]:
        made: list[Any] = []
        self.position += 1
        if self.skip() == "]":
            self.position += 1
            return made
        while True:
            made.append(self.value(depth + 1))
            if self._ends("]"):
                return made

    def _ends(self, closing: str) -> bool:
        char = self.skip()
        if char not in (closing, ",") or not char:
            raise self.fault(f"a comma or {closing} is missing")
        self.position += 1
        return char == closing

    def _string(self) -> str:
        found = _STRING.match(self.text, self.position)
        if found is None:
            raise self.fault("a text is not closed")
        self.position = found.end()
        try:
            return str(json.loads(found[0]))
        except ValueError as error:
            raise self.fault("a text has a wrong escape") from error
