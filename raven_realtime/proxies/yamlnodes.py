"""YAML text as nodes that know their line: read by libyaml where it is at hand, and no deeper than it is asked to.

Each reader has bounds of its own, so that the nodes are made from the parser's events: a text that nests without
measure is left at the first level too many, before it costs time or stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

_PARSER: Any = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_NULL_TAG = "tag:yaml.org,2002:null"
_PAIR = re.compile(r"(?<!\\)\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})", re.IGNORECASE)
"""A character that JSON, of which YAML takes all else, writes as two."""


class NotYaml(Exception):  # noqa: N818 (each reader makes its own error of it)
    """A text that is not YAML."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


class TooDeep(Exception):  # noqa: N818 (each reader makes its own error of it)
    """A text that nests deeper than its reader goes."""

    def __init__(self, line: int) -> None:
        super().__init__(line)
        self.line = line


@dataclass(eq=False, repr=False)
class Node:
    """A scalar, a list or a map. Aliases share one, which may hold itself."""

    line: int
    value: str = ""
    """A scalar's text."""
    is_null: bool = False
    is_plain: bool = False
    """Whether it is a scalar without quotes."""
    items: list[Node] | None = None
    """A list's items; None where it is no list."""
    entries: list[tuple[Node, Node]] | None = None
    """A map's keys and values in order; None where it is no map."""

    @property
    def is_scalar(self) -> bool:
        """Whether it is neither a list nor a map."""
        return self.items is None and self.entries is None


@dataclass
class _Open:
    """A list or a map that is not at its end."""

    node: Node
    key: Node | None = None


@dataclass
class _Document:
    """What is known of the document that is being read."""

    root: Node | None = None
    anchors: dict[str, Node] = field(default_factory=dict)
    open: list[_Open] = field(default_factory=list)

    def put(self, node: Node) -> None:
        """Put a node where it stands: as an item, a key or a value."""
        if not self.open:
            self.root = node
            return
        place = self.open[-1]
        if place.node.items is not None:
            place.node.items.append(node)
        elif place.key is None:
            place.key = node
        elif place.node.entries is not None:
            place.node.entries.append((place.key, node))
            place.key = None


def compose_all(text: str, deepest: int) -> Iterator[Node | None]:
    """Yield the documents of a text; None for one without content.

    Args:
        text: the text.
        deepest: how many lists and maps may stand in each other.

    Raises:
        NotYaml: it is not YAML.
        TooDeep: it nests deeper.
    """
    try:
        parser = _PARSER(_PAIR.sub(_one, str(text)))  # libyaml takes no text of a class of its own
        try:
            yield from _documents(parser, deepest)
        finally:
            parser.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        reason = str(getattr(error, "problem", None) or error).partition("\n")[0]
        last = max(1, len(text.splitlines()))  # libyaml says one more where the text ends too early
        raise NotYaml(reason, min(mark.line + 1, last) if mark else None) from error
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        raise NotYaml(str(error), None) from error


def _one(pair: re.Match[str]) -> str:
    high, low = (int(half, 16) for half in pair.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}"


def _documents(parser: Any, deepest: int) -> Iterator[Node | None]:
    document = _Document()
    while not isinstance(event := parser.get_event(), yaml.StreamEndEvent):
        line = event.start_mark.line + 1
        if isinstance(event, yaml.DocumentEndEvent):
            yield document.root
            document = _Document()
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in document.anchors:
                raise NotYaml(f"found undefined alias {event.anchor!r}", line)
            document.put(document.anchors[event.anchor])
        elif isinstance(event, yaml.CollectionEndEvent):
            document.open.pop()
        elif isinstance(event, yaml.NodeEvent):
            node = _node(event, line)
            if event.anchor is not None:
                document.anchors[event.anchor] = node
            document.put(node)
            if not node.is_scalar:
                document.open.append(_Open(node))
                if len(document.open) > deepest:
                    raise TooDeep(line)


def _node(event: Any, line: int) -> Node:
    if isinstance(event, yaml.SequenceStartEvent):
        return Node(line, items=[])
    if isinstance(event, yaml.MappingStartEvent):
        return Node(line, entries=[])
    plain = event.style in (None, "")
    null = event.tag == _NULL_TAG or (plain and event.tag is None and event.value in _NULLS)
    return Node(line, event.value, null, plain)
