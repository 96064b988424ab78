"""A Caddyfile as a tree of directives, its snippets and imports resolved.

Source of the rules: https://caddyserver.com/docs/caddyfile/concepts#structure and
https://caddyserver.com/docs/caddyfile/directives/import.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from posixpath import dirname, join, normpath

from raven_realtime.proxies.caddy.tokens import Token, fill_in, tokenize
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

DEEPEST = 40
"""How deep blocks and imports may nest; nobody's nest deeper."""
LONGEST = 100_000
"""How many directives a file may have with its imports; a snippet that imports another twice, and so on, has more."""


@record
class Directive:
    """A line of a Caddyfile: its tokens, and the block that it opens."""

    tokens: tuple[Token, ...]
    block: tuple[Directive, ...] | None
    location: Location

    @property
    def name(self) -> str:
        """The first token; empty for a block that stands alone."""
        return self.tokens[0].text if self.tokens else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The tokens after the first."""
        return tuple(token.text for token in self.tokens[1:])

    @property
    def lines(self) -> tuple[Directive, ...]:
        """What is in its block; nothing without one."""
        return self.block or ()

    def without_first_argument(self) -> Directive:
        """Return it without its first argument: its matcher."""
        return replace(self, tokens=self.tokens[:1] + self.tokens[2:])


@record
class Site:
    """A site block: its addresses, and its directives."""

    addresses: tuple[Token, ...]
    directives: tuple[Directive, ...]
    location: Location
    braces: bool = True


@record
class File:
    """A whole Caddyfile."""

    options: tuple[Directive, ...]
    """What the block of global options has."""
    sites: tuple[Site, ...]
    named_routes: Mapping[str, Directive]
    """The blocks ``&(name)``, by name."""
    snippets: tuple[str, ...]
    defaults: tuple[str, ...]
    """Variables of the environment whose default was taken."""
    missing: tuple[Directive, ...] = ()
    """Imports at the top of files that are not at hand: each may have sites."""


def parse(text: str, name: str, files: Mapping[str, str], environment: Mapping[str, str]) -> File:
    """Parse a Caddyfile.

    Args:
        text: its content.
        name: its name, as locations have it and as relative imports are relative to.
        files: the content of other files, by name, for ``import``.
        environment: values of variables, by name.

    Raises:
        Unreadable: braces or quotes do not pair, an import leads in circles, or something nests too deep.
    """
    return _Reader(files, environment).file(text, name)


class _Reader:
    def __init__(self, files: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._files = {normpath(name): (name, text) for name, text in files.items()}
        self._environment = environment
        self._snippets: dict[str, tuple[Directive, ...]] = {}
        self._defaults: dict[str, None] = {}
        self._count = 0

    def file(self, text: str, name: str) -> File:
        options: tuple[Directive, ...] = ()
        sites: list[Site] = []
        routes: dict[str, Directive] = {}
        missing: list[Directive] = []
        blocks = self._joined(self._lines(text, name))
        plain = (index for index, line in enumerate(blocks) if line.block is None and line.name != "import")
        bare = next(plain, len(blocks))  # one site may do without braces: its addresses, then its directives
        for block in self._top_level(blocks[:bare], 0):
            if not block.tokens:
                if sites or options:
                    raise Unreadable("A block has no address before it.", block.location)
                options = self._resolved(block.lines, 0)
            elif block.name == "import" and block.block is None:
                missing.append(block)
            elif block.name.startswith("&(") and block.name.endswith(")"):
                routes[block.name[2:-1]] = replace(block, block=self._resolved(block.lines, 0))
            else:
                directives = self._resolved(block.lines, 0)
                sites.append(Site(_addresses(block), directives, block.location, block.block is not None))
        for first in blocks[bare : bare + 1]:
            directives = self._resolved(tuple(blocks[bare + 1 :]), 0)
            sites.append(Site(_addresses(first), directives, first.location, braces=False))
        return File(options, tuple(sites), routes, tuple(self._snippets), tuple(self._defaults), tuple(missing))

    def _lines(self, text: str, name: str) -> tuple[Directive, ...]:
        filled, defaults = fill_in(text, self._environment)
        self._defaults.update(dict.fromkeys(defaults))
        return _directives(tokenize(filled, name))

    def _joined(self, lines: tuple[Directive, ...]) -> list[Directive]:
        """Join addresses that a comma continues on the next line."""
        joined: list[Directive] = []
        for line in lines:
            before = joined[-1] if joined else None
            if before and before.block is None and before.tokens and before.tokens[-1].text.endswith(","):
                joined[-1] = Directive(before.tokens + line.tokens, line.block, before.location)
            else:
                joined.append(line)
        return joined

    def _top_level(self, blocks: list[Directive], depth: int) -> list[Directive]:
        """Take the snippets out and put imported files in."""
        found: list[Directive] = []
        for block in blocks:
            if block.name.startswith("(") and block.name.endswith(")") and len(block.tokens) == 1:
                self._snippets[block.name[1:-1]] = block.lines
            elif block.name == "import" and block.block is None:
                imported = self._imported(block, depth)
                if imported is None:
                    found.append(block)
                else:
                    found.extend(self._top_level(self._joined(imported), depth + 1))
            else:
                found.append(block)
        return found

    def _resolved(self, lines: tuple[Directive, ...], depth: int) -> tuple[Directive, ...]:
        """Replace the imports among some directives, and in their blocks, by what they import."""
        found: list[Directive] = []
        for line in lines:
            self._count += 1
            if self._count > LONGEST:
                raise Unreadable("Its imports make it endless.", line.location)
            imported = self._imported(line, depth) if line.name == "import" else None
            if imported is not None:
                found.extend(self._resolved(imported, depth + 1))
            elif line.block:
                found.append(replace(line, block=self._resolved(line.block, depth + 1)))
            else:
                found.append(line)
        return tuple(found)

    def _imported(self, line: Directive, depth: int) -> tuple[Directive, ...] | None:
        """Return what an import stands for; None if that file is not at hand."""
        if depth > DEEPEST:
            raise Unreadable("Imports nest too deep, or lead in circles.", line.location)
        if not line.arguments:
            raise Unreadable("import needs the name of a snippet or a file.", line.location)
        pattern, *arguments = line.arguments
        if pattern in self._snippets:
            found = self._snippets[pattern]
        elif (files := self._matching(pattern, line.location)) or any(char in pattern for char in "*?["):
            if not files and not self._files:
                return None
            found = tuple(each for name, text in files for each in self._lines(text, name))
        else:
            return None
        return _with_arguments(found, tuple(arguments), line.lines)

    def _matching(self, pattern: str, location: Location) -> list[tuple[str, str]]:
        wanted = normpath(join(dirname(location.path), pattern))
        return [file for path, file in sorted(self._files.items()) if fnmatchcase(path, wanted)]


def _directives(tokens: list[Token]) -> tuple[Directive, ...]:
    """Group tokens by lines and blocks."""
    stack: list[list[Directive]] = [[]]
    headers: list[tuple[Token, ...]] = []
    opened: list[Token] = []
    line: list[Token] = []
    previous: Token | None = None

    def end() -> None:
        if line:
            stack[-1].append(Directive(tuple(line), None, line[0].location))
            line.clear()

    for index, token in enumerate(tokens):
        starts_line = previous is None or (token.location.line or 0) > previous.last_line
        if token.opens:
            if index + 1 < len(tokens) and (tokens[index + 1].location.line or 0) <= token.last_line:
                raise Unreadable("A line goes on after an opening brace.", token.location)
            if not line and starts_line and stack[-1] and stack[-1][-1].block is None:
                line.extend(stack[-1].pop().tokens)  # the brace stands on the line below
            if len(stack) > DEEPEST:
                raise Unreadable("Blocks nest too deep.", token.location)
            headers.append(tuple(line))
            line.clear()
            opened.append(token)
            stack.append([])
        elif token.closes:
            end()
            if not opened:
                raise Unreadable("A closing brace has no opening one.", token.location)
            header, opening, block = headers.pop(), opened.pop(), stack.pop()
            stack[-1].append(Directive(header, tuple(block), header[0].location if header else opening.location))
        else:
            if starts_line or (previous is not None and previous.closes):
                end()
            line.append(token)
        previous = token
    end()
    if opened:
        raise Unreadable("A block is not closed.", opened[-1].location)
    return tuple(stack[0])


def _addresses(block: Directive) -> tuple[Token, ...]:
    """Return a site's addresses, without the commas between them."""
    texts = ((token, token.text.removesuffix(",")) for token in block.tokens)
    found = tuple(replace(token, text=text) for token, text in texts if text)
    if odd := next((token for token in found if "," in token.text), None):
        raise Unreadable(f"Addresses need a space after the comma: {odd.text}", odd.location)
    return found


_ARGUMENT = re.compile(r"\{args(?:\.(\d{1,3})|\[(\d{1,3})\])\}")
_ARGUMENTS = re.compile(r"\{args\[(\d{0,3}):(\d{0,3})\]\}")


def _with_arguments(
    lines: tuple[Directive, ...], arguments: tuple[str, ...], block: tuple[Directive, ...]
) -> tuple[Directive, ...]:
    """Put an import's arguments, and its block, into what is imported."""
    if not arguments and not block:
        return lines
    found: list[Directive] = []
    for line in lines:
        if line.name == "{block}" and len(line.tokens) == 1:
            found.extend(block)
            continue
        tokens = tuple(each for token in line.tokens for each in _argued(token, arguments))
        inner = None if line.block is None else _with_arguments(line.block, arguments, block)
        found.append(replace(line, tokens=tokens, block=inner))
    return tuple(found)


def _argued(token: Token, arguments: tuple[str, ...]) -> list[Token]:
    if several := _ARGUMENTS.fullmatch(token.text):
        chosen = arguments[int(several[1] or 0) : int(several[2] or len(arguments))]
        return [replace(token, text=text) for text in chosen]

    def value(found: re.Match[str]) -> str:
        index = int(found[1] or found[2])
        return arguments[index] if index < len(arguments) else found[0]

    text = _ARGUMENT.sub(value, token.text)
    if len(text) > max(LONGEST, len(token.text)):
        raise Unreadable("Its imports make it endless.", token.location)
    return [replace(token, text=text)]
