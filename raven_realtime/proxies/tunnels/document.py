"""YAML and JSON as a tree whose every value knows its line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.proxies.yamlnodes import Node, NotYaml, TooDeep, compose_all

DEEPEST = 64
"""How deep values may nest: what these programs read nests less than ten deep."""

_STRINGS = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"-?\d[\d.eE+-]*|true|false|null")


class Kind(Enum):
    """What a value is."""

    NULL = auto()
    SCALAR = auto()
    LIST = auto()
    MAPPING = auto()


@dataclass(frozen=True, eq=False, repr=False)
class Element:
    """A value of a document. YAML's aliases share one, so that it is never compared or printed as a whole."""

    location: Location
    """The line of a scalar; the line of the key that a list or a mapping stands under."""
    kind: Kind = Kind.NULL
    text: str = ""
    """A scalar as it is written, without its quotes."""
    items: tuple[Element, ...] = ()
    entries: tuple[tuple[str, Element], ...] = ()
    """A mapping's keys and values, in order."""

    def get(self, *keys: str) -> Element | None:
        """Follow keys downwards; None where one is missing or has no value. Of two equal keys the last counts."""
        element: Element | None = self
        for key in keys:
            if element is None:
                return None
            element = next((value for name, value in reversed(element.entries) if name == key), None)
        return None if element is None or element.kind is Kind.NULL else element

    def string(self, *keys: str) -> str:
        """Return the scalar under the keys; empty without one."""
        element = self.get(*keys)
        return element.text if element else ""

    def flag(self, *keys: str) -> bool:
        """Tell whether the scalar under the keys is a true value."""
        return self.string(*keys).lower() in ("true", "yes", "on")

    def place(self, *keys: str) -> Location:
        """Return where the value under the keys stands; this value's own place without one."""
        element = self.get(*keys)
        return element.location if element else self.location

    def texts(self) -> Iterator[tuple[str, Location]]:
        """Iterate over the scalars of a list, or over the one scalar."""
        for item in self.items or (self,):
            if item.kind is Kind.SCALAR:
                yield item.text, item.location


def element_of(value: object, place: Location) -> Element:
    """Make an element of plain values (mappings, sequences, texts, elements): what a command line says, for example."""
    if isinstance(value, Element):
        return value
    if isinstance(value, str):
        return Element(place, Kind.SCALAR, value)
    if isinstance(value, Mapping):
        return Element(place, Kind.MAPPING, entries=tuple((str(key), element_of(value[key], place)) for key in value))
    if isinstance(value, Sequence):
        return Element(place, Kind.LIST, items=tuple(element_of(item, place) for item in value))
    return Element(place)


def read_yaml(text: str, name: str, place: Location | None = None) -> Element:
    """Read the first document of a YAML text, as Go's decoders do.

    Args:
        text: The file's text.
        name: What its locations call the file.
        place: Where all of it stands, for a text inside another file.

    Raises:
        Unreadable: If it is not YAML, or nests too deeply.
    """
    try:
        document = next(compose_all(text, DEEPEST + 1), None)
    except NotYaml as error:
        raise Unreadable(f"This is not YAML: {error.reason}.", place or Location(name, error.line)) from error
    except TooDeep as error:
        raise Unreadable(f"Values nest more than {DEEPEST} deep.", place or Location(name, error.line)) from None
    start = place or Location(name, 1)
    return Element(start) if document is None else _Nodes(name, place).element(document, start, 0)


class _Nodes:
    """Turns YAML's nodes into elements, each of them once, however many aliases lead to it."""

    def __init__(self, name: str, place: Location | None) -> None:
        self._name = name
        self._place = place
        self._known: dict[int, Element] = {}

    def element(self, node: Node, place: Location, depth: int) -> Element:
        if depth > DEEPEST:
            raise Unreadable(f"Values nest more than {DEEPEST} deep.", self._line(node))
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = self._made(node, place, depth)
        return known

    def _made(self, node: Node, place: Location, depth: int) -> Element:
        if node.entries is not None:
            return Element(place, Kind.MAPPING, entries=tuple(self._entries(node.entries, depth).items()))
        if node.items is not None:
            items = tuple(self.element(item, self._line(item), depth + 1) for item in node.items)
            return Element(place, Kind.LIST, items=items)
        kind = Kind.NULL if node.is_null else Kind.SCALAR
        return Element(self._line(node), kind, "" if node.is_null else node.value)

    def _entries(self, entries: list[tuple[Node, Node]], depth: int) -> dict[str, Element]:
        merged: dict[str, Element] = {}
        own: dict[str, Element] = {}
        for key, value in entries:
            if not key.is_scalar:
                continue
            element = self.element(value, self._line(key), depth + 1)
            if key.value == "<<" and key.is_plain:
                # Of several mappings that are merged in, the first has the word.
                for source in reversed(element.items or (element,)):
                    merged |= dict(source.entries)
            else:
                own[key.value] = element
        return merged | own

    def _line(self, node: Node) -> Location:
        return self._place or Location(self._name, node.line)


def read_json(text: str, name: str) -> Element:
    """Read a JSON text.

    Args:
        text: The file's text.
        name: What its locations call the file.

    Raises:
        Unreadable: If it is not JSON, at the line where it stops to be, or nests too deeply.
    """
    text = text.removeprefix("\ufeff")
    try:
        json.loads(text, parse_int=str, parse_float=str, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        raise Unreadable(f"This is not JSON: {error.msg}.", Location(name, error.lineno)) from error
    except RecursionError:
        raise Unreadable(f"Values nest more than {DEEPEST} deep.", Location(name)) from None
    except ValueError as error:
        raise Unreadable(f"This is not JSON: {error}.", Location(name)) from error
    return _Json(text, name).document()


class _Json:
    """Walks a text that is known to be JSON, for the lines that `json` does not tell."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 0
        self._line = 1
        self._counted = 0

    def document(self) -> Element:
        self._skip()
        return self._value(self._here(), 0)

    def _here(self) -> Location:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return Location(self._name, self._line)

    def _skip(self) -> str:
        self._at = _end(_SPACE.match(self._text, self._at), self._at)
        return self._text[self._at : self._at + 1]

    def _string(self) -> str:
        value, self._at = _STRINGS.raw_decode(self._text, self._at)
        return str(value)

    def _value(self, place: Location, depth: int) -> Element:
        here = self._here()
        if depth > DEEPEST:
            raise Unreadable(f"Values nest more than {DEEPEST} deep.", here)
        first = self._skip()
        if first == "{":
            return Element(place, Kind.MAPPING, entries=tuple(self._members(depth)))
        if first == "[":
            return Element(place, Kind.LIST, items=tuple(self._elements(depth)))
        if first == '"':
            return Element(here, Kind.SCALAR, self._string())
        start = self._at
        self._at = max(_end(_WORD.match(self._text, start), start), start + 1)
        word = self._text[start : self._at]
        return Element(here) if word == "null" else Element(here, Kind.SCALAR, word)

    def _members(self, depth: int) -> Iterator[tuple[str, Element]]:
        while self._follows("}"):
            place = self._here()
            key = self._string()
            self._skip()
            self._at += 1  # the colon
            self._skip()
            yield key, self._value(place, depth + 1)

    def _elements(self, depth: int) -> Iterator[Element]:
        while self._follows("]"):
            yield self._value(self._here(), depth + 1)

    def _follows(self, closing: str) -> bool:
        """Step over an opening bracket or a comma, and tell whether a member follows it; else over the closing one."""
        if self._skip() != closing:
            self._at += 1
            if self._skip() != closing:
                return True
        self._at += 1
        return False


def _refuse(word: str) -> str:
    """Refuse what Python's reader takes and JSON has not."""
    raise ValueError(f"{word} is no value")


def _end(match: re.Match[str] | None, otherwise: int) -> int:
    return match.end() if match else otherwise
