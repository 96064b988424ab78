"""One directive of an nginx configuration: the structure that is rendered and parsed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field

from raven_realtime.proxies.record import record


@record
class Directive:
    """A directive with the arguments as nginx sees them: quotes and escapes taken off, ``if``'s parentheses left on.

    Two directives are equal when they say the same, wherever they stand.
    """

    name: str
    args: tuple[str, ...] = ()
    block: tuple[Directive, ...] | None = None
    """What stands between the braces; None for a directive that ends with a semicolon."""
    file: str = field(default="", compare=False)
    line: int = field(default=0, compare=False)

    @property
    def place(self) -> str:
        """Where it stands, as ``file:line``."""
        return f"{self.file}:{self.line}"

    def children(self, *names: str) -> Iterator[Directive]:
        """Yield the directives directly inside this block, only those of the given names if there are any."""
        for child in self.block or ():
            if not names or child.name in names:
                yield child

    def walk(self) -> Iterator[Directive]:
        """Yield this directive and everything inside it, in the order of the file."""
        stack = [self]
        while stack:
            directive = stack.pop()
            yield directive
            stack.extend(reversed(directive.block or ()))

    def __str__(self) -> str:
        """Return the directive's head in one line, as people write it."""
        head = " ".join((self.name, *self.args))
        return head if self.block is not None else f"{head};"


def say(name: str, *args: object) -> Directive:
    """Return a directive that ends with a semicolon."""
    return Directive(name, tuple(str(arg) for arg in args))


def block(name: str, *args: object, of: tuple[Directive, ...]) -> Directive:
    """Return a directive with a block."""
    return Directive(name, tuple(str(arg) for arg in args), of)
