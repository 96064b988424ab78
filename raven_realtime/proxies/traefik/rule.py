"""Traefik's rule language: from text to a tree of matchers, with errors that point at the character.

Traefik's rules are Go expressions, calls with string arguments, joined by !, && and || (in falling strength)::

    either    = every ("||" every)*
    every     = term ("&&" term)*
    term      = "!" term | "(" either ")" | NAME "(" [arguments] ")"
    arguments = STRING ("," STRING)* ["..."] [","]

A line break after a token that can end a Go statement ends the rule; anywhere else it is white space.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NoReturn

from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.matchers import V2, V3, V3_7, V3_7_7, BadArgument, Build
from raven_realtime.proxies.traefik.request import Seen
from raven_realtime.proxies.traefik.tree import All, AnyOf, Node, Not
from raven_realtime.proxies.unreadable import Unreadable

LARGEST = 64 * 1024
"""The longest rule that is read, in bytes."""
DEEPEST = 100
"""How far parentheses and negations may nest."""

_SYNTAXES = {"v2": V2, "v3": V3, "v3.7": V3_7, "v3.7.7": V3_7_7}
NEWEST = "v3.7.7"


def language_of(version: str) -> str:
    """Return the rule language of a Traefik, for `parse`.

    Args:
        version: As an image's tag has it: ``v3.6.2``, ``3.7``, ``v2.11``. One that says too little is the newest.
    """
    found = re.match(r"v?(\d{1,4})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?(?![\w.])", version)
    if found is None:
        return NEWEST
    major, minor, patch = (int(part) if part else None for part in found.groups())
    if major == 2:
        return "v2"
    if major != 3 or minor is None or minor > 7:
        return NEWEST
    if minor < 7:
        return "v3"
    return "v3.7" if patch is not None and patch < 7 else NEWEST


_TOKEN = re.compile(
    r"(?P<SKIP>[ \t\r]+|/\*.*?\*/|//[^\n]*)|(?P<NL>\n)|(?P<NAME>[^\W\d]\w*)"
    r'|(?P<STRING>`[^`]*`|"(?:[^"\\\n]|\\[^\n])*")|(?P<SIGN>\.\.\.|\|\||&&|[!(),])',
    re.DOTALL,
)
_END = "the end"
_NAME = "a matcher such as Host(`example.com`)"
_STRING = "an argument in backticks or double quotes"
_COMMA = "a comma"
_KINDS = {"NL": _END, "NAME": _NAME, "STRING": _STRING}
_SIGNS = {",": _COMMA}
_STATEMENT_ENDS = frozenset({_NAME, _STRING, ")"})
_ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))", re.DOTALL
)
_SIMPLE = dict(zip('abfnrtv\\"', '\a\b\f\n\r\t\v\\"', strict=True))


class RuleError(Unreadable):
    """A rule that Traefik refuses, so that its router does not exist."""

    def __init__(self, rule: str, offset: int, reason: str) -> None:
        self.rule = rule
        self.offset = min(max(offset, 0), len(rule))
        """Where, in characters from 0."""
        super().__init__(f"Traefik refuses this rule: {reason}.\n{self.pointed()}")
        self.reason = reason
        """What is wrong and what is accepted, in one sentence without a full stop."""

    @property
    def column(self) -> int:
        """The column in its line, from 1."""
        return self.offset - (self.rule.rfind("\n", 0, self.offset) + 1) + 1

    def pointed(self) -> str:
        """Return the line of the rule (at most 120 characters of it) with a caret under the place."""
        start = self.rule.rfind("\n", 0, self.offset) + 1
        end = self.rule.find("\n", self.offset)
        line = self.rule[start : end if end >= 0 else len(self.rule)]
        at = self.offset - start
        left = max(0, at - 80)
        shown = "".join(character if character.isprintable() else "\ufffd" for character in line[left : left + 120])
        cut = "…" if left else ""
        return f"    {cut}{shown}\n    {' ' * (at - left + len(cut))}^"


@record
class Rule:
    """A rule that Traefik accepts."""

    text: str
    tree: Node

    @property
    def length(self) -> int:
        """The rule's length in bytes: the priority of a router that sets none."""
        return len(self.text.encode(errors="surrogateescape"))

    def matches(self, seen: Seen) -> bool:
        """Tell whether a request matches."""
        return self.tree.test(seen)


@lru_cache(maxsize=8192)
def parse(rule: str, syntax: str = "v3") -> Rule:
    """Parse a rule.

    Args:
        rule: The text, as it stands in a label or file.
        syntax: The language: of the router's `ruleSyntax`, or of Traefik's version (`language_of`).

    Raises:
        RuleError: If Traefik would refuse the rule, or it is larger or deeper than we read.
    """
    if len(rule.encode(errors="replace")) > LARGEST:
        raise RuleError(rule[:200], 0, f"the rule has more than {LARGEST} bytes; give the router several rules instead")
    if any(0xD800 <= ord(character) < 0xE000 for character in rule):
        raise RuleError(rule.encode(errors="replace").decode(), 0, "the rule is not UTF-8")
    source = rule.removeprefix("\ufeff")
    shift = len(rule) - len(source)
    try:
        return Rule(rule, _Parser(source, _SYNTAXES.get(syntax, V3)).rule())
    except _Refused as refusal:
        raise RuleError(rule, refusal.offset + shift, refusal.reason) from None


class _Refused(Exception):  # noqa: N818 (carried to RuleError)
    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


@record
class _Token:
    kind: str
    """As a refusal calls it."""
    text: str
    offset: int


def _tokens(source: str) -> Iterator[_Token]:
    """Split a rule; line breaks are left out where Go would not end the statement."""
    at, previous, depth = 0, "", 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise _Refused(at, _no_token(source[at]))
        at = found.end()
        named = found.lastgroup or ""
        text = found[0]
        kind = _KINDS.get(named) or _SIGNS.get(text, text)
        if named == "SKIP" or (named == "NL" and previous not in _STATEMENT_ENDS):
            continue
        depth += (kind == "(") - (kind == ")")
        if depth > DEEPEST:
            raise _Refused(found.start(), f"more than {DEEPEST} parentheses inside each other")
        previous = kind
        yield _Token(kind, text, found.start())
    yield _Token(_END, "", len(source))


@record
class _Argument:
    value: bytes
    offset: int


class _Parser:
    """Reads a rule from left to right. Matchers are made once all of it is known to be a rule."""

    def __init__(self, source: str, functions: Mapping[str, Build]) -> None:
        self._source = source
        self._functions = functions
        self._spelled = _spelled(tuple(functions))
        self._tokens = _tokens(source)
        self._next = next(self._tokens)

    def rule(self) -> Node:
        """Read all of it."""
        build = self._either()
        self._step(_END, "&&", "||")  # a line break, or the end of the text
        if self._next.text or self._next.offset < len(self._source):
            self._refuse(_END)
        return build()

    def _step(self, *wanted: str) -> _Token:
        """Take the next token, which has to be of the first kind; the others would do as well, and are no more."""
        token = self._next
        if token.kind != wanted[0]:
            self._refuse(*wanted)
        if token.text:
            self._next = next(self._tokens)
        return token

    def _either(self) -> Callable[[], Node]:
        parts = [self._every()]
        while self._next.kind == "||":
            self._step("||")
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else lambda: AnyOf.of([part() for part in parts])

    def _every(self) -> Callable[[], Node]:
        parts = [self._term()]
        while self._next.kind == "&&":
            self._step("&&")
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else lambda: All.of([part() for part in parts])

    def _term(self) -> Callable[[], Node]:
        negations = 0
        while self._next.kind == "!":
            self._step("!")
            negations += 1
        if self._next.kind == "(":
            self._step("(")
            part = self._either()
            self._step(")", "&&", "||")
        else:
            name = self._step(_NAME, "!", "(")
            self._step("(")
            arguments = self._arguments()
            part = lambda: self._matcher(name, arguments)  # noqa: E731 (made once the rule is known to be one)
        return (lambda: _inverted(part())) if negations % 2 else part

    def _arguments(self) -> list[_Token]:
        found: list[_Token] = []
        while self._next.kind == _STRING:
            found.append(self._step(_STRING))
            if self._next.kind != _COMMA:
                break
            self._step(_COMMA)
            if self._next.kind != _STRING:
                self._step(")", _STRING)
                return found
        if found and self._next.kind == "...":
            self._step("...")
            if self._next.kind == _COMMA:
                self._step(_COMMA)
                self._step(")")
            else:
                self._step(")", _COMMA)
        else:
            self._step(")", *((_COMMA, "...") if found else (_STRING,)))
        return found

    def _matcher(self, name: _Token, strings: Sequence[_Token]) -> Node:
        arguments = [_Argument(_unquoted(token), token.offset) for token in strings]
        known = self._spelled.get(name.text)
        if known is None:
            raise _Refused(name.offset, _unknown(name.text, self._functions))
        if not arguments:
            raise _Refused(name.offset, f"{known} needs an argument")
        for argument in arguments:
            if not argument.value:
                raise _Refused(argument.offset, f"an empty argument of {known}")
        try:
            return self._functions[known]([argument.value for argument in arguments])
        except BadArgument as error:
            offset = name.offset if error.index is None else arguments[error.index].offset
            raise _Refused(offset, f"in {known}, {error}") from error

    def _refuse(self, *accepted: str) -> NoReturn:
        """Say why the next token cannot stand where it does."""
        token, source = self._next, self._source
        expected = sorted(accepted)
        wanted = ", ".join(expected[:-1]) + (" or " if len(expected) > 1 else "") + expected[-1]
        at = token.offset
        if at == len(source):
            raise _Refused(at, f"the rule ends where {wanted} is expected" if source.strip() else "the rule is empty")
        if token.kind == _END:
            raise _Refused(
                at, f"the rule ends with this line, and {wanted} is expected; put && or || at the end of a line"
            )
        if token.text in {"&&", "||"} and "\n" in source[:at][len(source[:at].rstrip()) :]:
            raise _Refused(at, f"the rule ends with the line before; put the {token.text} at the end of that line")
        raise _Refused(at, f"{token.text[:40]!r} stands where {wanted} is expected")


def _inverted(part: Node) -> Node:
    return part.part if isinstance(part, Not) else Not(part)


@lru_cache(maxsize=4)
def _spelled(functions: tuple[str, ...]) -> dict[str, str]:
    return _spellings(functions)


def _spellings(functions: Iterable[str]) -> dict[str, str]:
    """Traefik knows each function as documented, in lower case, in upper case, and with one capital."""
    return {
        spelling: name
        for name in functions
        for spelling in (name.lower().capitalize(), name.upper(), name.lower(), name)
    }


def _unknown(name: str, functions: Iterable[str]) -> str:
    listed = ", ".join(sorted(functions))
    for spelling in functions:
        if spelling.lower() == name.lower():
            accepted = f"{spelling}, {spelling.lower()}, {spelling.upper()} and {spelling.lower().capitalize()}"
            return f"no matcher is spelled {name}; {accepted} are"
    return f"there is no matcher {name[:40]}; there are {listed}"


def _unquoted(token: _Token) -> bytes:
    """Take the quotes off, and read Go's escapes between double quotes."""
    quoted = token.text
    inside = quoted[1:-1]
    if quoted[0] == "`":
        return inside.replace("\r", "").encode()
    result, end = b"", 0
    for escape in _ESCAPE.finditer(inside):
        simple, octal, byte, short, long, other = escape.groups()
        at = token.offset + 1 + escape.start()
        result += inside[end : escape.start()].encode()
        end = escape.end()
        if simple:
            result += _SIMPLE[simple].encode()
        elif octal or byte:
            value = int(octal, 8) if octal else int(byte, 16)
            if value > 0xFF:
                raise _Refused(at, f"the escape \\{octal} is no byte")
            result += bytes([value])
        elif short or long:
            value = int(short or long, 16)
            if value > 0x10FFFF or 0xD800 <= value < 0xE000:
                raise _Refused(at, "the escape is no Unicode character")
            result += chr(value).encode()
        else:
            raise _Refused(at, f"Go knows no escape \\{other}; between backticks nothing is escaped")
    return result + inside[end:].encode()


def _no_token(character: str) -> str:
    """Say what is wrong with a character that no token begins with."""
    if character in '`"':
        return "the string that begins here is not closed"
    if character == "'":
        return "single quotes hold one character in Go; write the argument in backticks or double quotes"
    if character.isdigit():
        return "numbers are not accepted; every argument is a string in backticks or double quotes"
    doubled = {"&": "; 'and' is &&", "|": "; 'or' is ||"}.get(character, "")
    return f"the character {character!r} has no meaning in a rule{doubled}"
