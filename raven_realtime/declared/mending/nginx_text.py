"""Where each directive stands in the text of an nginx configuration, to the character.

The tree that is judged knows lines; a change of the text needs positions. What this scanner makes of a text is compared
with what the parser makes of it, and where the two differ nothing is mended.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.parse import parse_text
from raven_realtime.proxies.unreadable import Unreadable

SPACE = " \t\r\n"


@dataclass
class Node:
    """A directive with the positions of its words, and of its block."""

    words: list[tuple[int, int, str]] = field(default_factory=list)
    """Start, end, and the word with its quotes taken off."""
    end: int = 0
    """Behind its semicolon, or its closing brace."""
    line: int = 0
    closing: int = -1
    """The position of the closing brace; -1 where there is no block."""
    inner: list[Node] = field(default_factory=list)
    above: Node | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.words[0][2] if self.words else ""

    @property
    def args(self) -> tuple[str, ...]:
        """Its arguments."""
        return tuple(word for _, _, word in self.words[1:])

    @property
    def start(self) -> int:
        """Where it begins."""
        return self.words[0][0]

    def walk(self) -> Iterator[Node]:
        """Yield it and all below it."""
        yield self
        for each in self.inner:
            yield from each.walk()

    def child(self, name: str, first: str = "") -> Node | None:
        """Return the last directive of a name directly inside; of a first argument too, where one is given."""
        fitting = [
            each
            for each in self.inner
            if each.name == name and (not first or (each.args and each.args[0].lower() == first.lower()))
        ]
        return fitting[-1] if fitting else None

    def around(self) -> Iterator[Node]:
        """Yield what it stands in, from the innermost."""
        above = self.above
        while above is not None:
            yield above
            above = above.above


def scan(text: str) -> Node | None:
    """Return the file as a node whose children are its directives; None where it is not read as the parser reads it."""
    try:
        tree = parse_text(text, check=False)
        root = _scan(text)
    except (Unreadable, IndexError):
        return None
    return root if _same(root.inner, tree) else None


def _same(nodes: Sequence[Node], tree: Sequence[Directive]) -> bool:
    return len(nodes) == len(tree) and all(
        (node.name, node.args, node.line) == (each.name, each.args, each.line)
        and (node.closing < 0) is (each.block is None)
        and _same(node.inner, each.block or ())
        for node, each in zip(nodes, tree, strict=True)
    )


def _scan(text: str) -> Node:
    root = current = Node()
    open_one: Node | None = None
    at, line = 0, 1
    while at < len(text):
        sign = text[at]
        if sign in SPACE:
            line += sign == "\n"
            at += 1
        elif sign == "#":
            at = _until(text, "\n", at)
        elif sign == ";":
            if open_one:
                open_one.end = at + 1
            open_one, at = None, at + 1
        elif sign == "{":
            if open_one is None:
                raise IndexError(at)
            current, open_one, at = open_one, None, at + 1
        elif sign == "}":
            current.closing, current.end = at, at + 1
            if current.above is None:
                raise IndexError(at)
            current, at = current.above, at + 1
        else:
            if open_one is None:
                open_one = Node(line=line, above=current)
                current.inner.append(open_one)
            end, word = _word(text, at)
            open_one.words.append((at, end, word))
            line += text.count("\n", at, end)
            at = end
    return root


def _until(text: str, sign: str, at: int) -> int:
    found = text.find(sign, at)
    return len(text) if found < 0 else found


def _word(text: str, at: int) -> tuple[int, str]:
    """Return where a word ends, and the word (ngx_conf_read_token)."""
    if text[at] in "\"'":
        quote, end = text[at], at + 1
        while text[end] != quote:
            end += 2 if text[end] == "\\" else 1
        return end + 1, _plain(text[at + 1 : end])
    end = at
    while end < len(text) and text[end] not in SPACE and text[end] != ";":
        if text[end] == "{" and text[end - 1] != "$":
            break
        if text[end] == "}" and "${" not in text[at:end]:
            break
        end += 2 if text[end] == "\\" else 1
    return end, _plain(text[at:end])


def _plain(word: str) -> str:
    for escaped, plain in (('\\"', '"'), ("\\'", "'"), ("\\\\", "\\"), ("\\t", "\t"), ("\\r", "\r"), ("\\n", "\n")):
        word = word.replace(escaped, plain) if "\\" in word else word
    return word
