"""Directives: the lines and sections of Apache's files, with includes, definitions and conditions resolved.

The syntax is that of https://httpd.apache.org/docs/2.4/configuring.html.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable

_DEEPEST = 60
"""Sections within sections; Apache's own files have three or four."""
_INCLUDES = 20
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_:]*)\}")
_CURRENT = (2, 4, 71)


@record
class Directive:
    """A directive, or a section with those in it."""

    name: str
    """In lower case."""
    arguments: tuple[str, ...]
    location: Location
    children: tuple[Directive, ...] | None = None
    """None for a plain directive."""

    def argument(self, index: int) -> str:
        """Return an argument; empty if it is left out."""
        return self.arguments[index] if index < len(self.arguments) else ""

    @property
    def inside(self) -> tuple[Directive, ...]:
        """What stands in a section; nothing for a plain directive."""
        return self.children or ()


@dataclass
class _Open:
    name: str
    arguments: tuple[str, ...]
    location: Location
    children: list[Directive] = field(default_factory=list)


def words(line: str) -> tuple[str, ...]:
    """Split a line into words: by blanks, with quotes around what has some."""
    found: list[str] = []
    at = 0
    while (start := re.compile(r"\s*").match(line, at)) and start.end() < len(line):
        at = start.end()
        quote = line[at]
        if quote not in "\"'":
            word = line[at:].split(None, 1)[0]
            found.append(word)
            at += len(word)
            continue
        at += 1
        word = ""
        while at < len(line) and line[at] != quote:
            if line[at] == "\\" and line[at + 1 : at + 2] in ("\\", quote):
                at += 1
            word += line[at]
            at += 1
        at += 1
        found.append(word)
    return tuple(found)


def parse(text: str, name: str) -> tuple[Directive, ...]:
    """Read the directives of one file as they stand in it.

    Raises:
        Unreadable: a section is not closed, or another one is.
    """
    stack = [_Open("", (), Location(name))]
    for number, line in _lines(text):
        location = Location(name, number)
        if "\0" in line:
            raise Unreadable("The line has a NUL byte; this is not a text file.", location)
        if line.startswith("</"):
            closed = line[2:].rstrip().rstrip(">").strip().lower()
            opened = stack.pop() if len(stack) > 1 else None
            if opened is None or opened.name != closed:
                raise Unreadable(
                    f"</{closed}> closes "
                    + (f"<{opened.name}> of line {opened.location.line}." if opened else "a section that is not open."),
                    location,
                )
            stack[-1].children.append(Directive(opened.name, opened.arguments, opened.location, tuple(opened.children)))
        elif line.startswith("<"):
            if not line.rstrip().endswith(">"):
                raise Unreadable("A section's first line does not end with >.", location)
            first, *rest = words(line.rstrip()[1:-1].strip()) or ("",)
            if not re.fullmatch("[A-Za-z][A-Za-z0-9_]*", first):
                raise Unreadable("The line opens no section that Apache could have.", location)
            stack.append(_Open(first.lower(), tuple(rest), location))
            if len(stack) > _DEEPEST:
                raise Unreadable(f"Sections are nested more than {_DEEPEST} deep.", location)
        else:
            first, *rest = words(line)
            stack[-1].children.append(Directive(first.lower(), tuple(rest), location))
    if len(stack) > 1:
        raise Unreadable(f"<{stack[-1].name}> is not closed.", stack[-1].location)
    return tuple(stack[0].children)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Give the lines with their numbers, without comments; a backslash at the end continues a line."""
    whole, begun = "", 0
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        begun = begun or number
        if line.endswith("\\"):
            whole += line[:-1]
            continue
        whole = (whole + line).strip()
        if whole and not whole.startswith("#"):
            yield begun, whole
        whole, begun = "", 0
    if whole.strip() and not whole.strip().startswith("#"):
        yield begun, whole.strip()


@dataclass
class Resolver:
    """Puts includes in their places, drops what conditions leave out, and puts in what is defined."""

    files: Mapping[str, str]
    version: tuple[int, ...] = _CURRENT
    defined: dict[str, str] = field(default_factory=dict)
    assumed: list[str] = field(default_factory=list)

    def resolve(self, directives: Iterable[Directive], depth: int = 0) -> tuple[Directive, ...]:
        """Return the directives that hold.

        Raises:
            Unreadable: an included file is malformed, or files include each other.
        """
        found: list[Directive] = []
        for raw in directives:
            directive = Directive(raw.name, self._filled(raw.arguments), raw.location, raw.children)
            if directive.children is not None:
                if (holds := self._holds(directive)) is None:
                    inside = self.resolve(directive.children, depth)
                    found.append(Directive(directive.name, directive.arguments, directive.location, inside))
                elif holds:
                    found += self.resolve(directive.children, depth)
            elif directive.name == "define" and directive.arguments:
                self.defined[directive.arguments[0]] = directive.argument(1)
            elif directive.name == "undefine":
                self.defined.pop(directive.argument(0), None)
            elif directive.name in ("include", "includeoptional"):
                found += self._included(directive, depth)
            else:
                found.append(directive)
        return tuple(found)

    def _filled(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_VARIABLE.sub(lambda name: self.defined.get(name[1]) or name[0], word) for word in arguments)

    def _holds(self, section: Directive) -> bool | None:
        """Tell whether what is in a condition counts; None for a section that is no condition."""
        asked = section.argument(0)
        negated = asked.startswith("!")
        if section.name in ("ifmodule", "iffile", "ifdirective", "ifsection"):
            return not negated
        if section.name == "ifdefine":
            if asked.lstrip("!") not in self.defined and not negated:
                self.assumed.append(f"Apache is started without -D {asked}")
            return (asked.lstrip("!") in self.defined) != negated
        if section.name == "ifversion":
            return self._version_is(section.arguments)
        return None

    def _version_is(self, arguments: tuple[str, ...]) -> bool:
        operator, wanted = arguments[:2] if len(arguments) > 1 else ("=", "".join(arguments))
        numbers = tuple(int(part) for part in re.findall(r"[0-9]{1,6}", wanted)[:3])
        mine = self.version[: len(numbers)] if operator.lstrip("!") in ("=", "==") else self.version
        compared = {
            "=": mine == numbers,
            "==": mine == numbers,
            ">": mine > numbers,
            ">=": mine >= numbers,
            "<": mine < numbers,
            "<=": mine <= numbers,
        }
        return compared.get(operator.lstrip("!"), True) != operator.startswith("!")

    def _included(self, directive: Directive, depth: int) -> tuple[Directive, ...]:
        if depth > _INCLUDES:
            raise Unreadable("Files include each other without end.", directive.location)
        pattern = directive.argument(0)
        names = sorted(name for name in self.files if _names(name, pattern))
        if not names and not re.search(r"mods-enabled|conf-enabled|conf\.modules\.d|options-ssl|magic", pattern):
            self.assumed.append(f"{pattern}, which {directive.location} includes, holds nothing that matters")
        return tuple(each for name in names for each in self.resolve(parse(self.files[name], name), depth + 1))


def _names(file: str, pattern: str) -> bool:
    """Tell whether an included name or pattern means a file; one may be relative where the other is not."""
    if not pattern:
        return False
    return fnmatch.fnmatchcase(file, pattern) or fnmatch.fnmatchcase(file, f"*/{pattern.lstrip('/')}")
