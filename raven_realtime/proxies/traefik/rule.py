"""Traefik's rule language: from text to a tree of matchers, with errors that point at the character."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path as File

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError
from lark.lark import PostLex

from raven_realtime.proxies.traefik.matchers import V2, V3, BadArgument, Build
from raven_realtime.proxies.traefik.request import Seen
from raven_realtime.proxies.traefik.tree import All, AnyOf, Node, Not
from raven_realtime.proxies.unreadable import Unreadable

LARGEST = 64 * 1024
"""The longest rule that is read, in bytes."""
DEEPEST = 100
"""How far parentheses and negations may nest."""

_SYNTAXES = {"v2": V2, "v3": V3}
_STATEMENT_ENDS = frozenset({"NAME", "STRING", "RPAR"})
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


@dataclass(frozen=True)
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
        syntax: The router's `ruleSyntax`; all but `v2` is the language of Traefik 3.

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
        tokens = _grammar().parse(source)
        return Rule(rule, _builder(syntax).transform(tokens))
    except _Refused as refusal:
        raise RuleError(rule, refusal.offset + shift, refusal.reason) from None
    except VisitError as error:
        inner = error.orig_exc
        if isinstance(inner, _Refused):
            raise RuleError(rule, inner.offset + shift, inner.reason) from None
        raise
    except UnexpectedInput as error:
        offset, reason = _explained(source, error)
        raise RuleError(rule, offset + shift, reason) from None


class _Refused(Exception):  # noqa: N818 (carried to RuleError)
    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


class _LineBreaks(PostLex):
    """Keep a line break only where Go would end the statement, and watch the depth."""

    always_accept = ("NL",)

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        """Filter the tokens."""
        previous, depth = "", 0
        for token in stream:
            if token.type == "NL" and previous not in _STATEMENT_ENDS:
                continue
            depth += (token.type == "LPAR") - (token.type == "RPAR")
            if depth > DEEPEST:
                raise _Refused(token.start_pos or 0, f"more than {DEEPEST} parentheses inside each other")
            previous = token.type
            yield token


@lru_cache(maxsize=1)
def _grammar() -> Lark:
    source = File(__file__).with_name("rule.lark").read_text(encoding="utf-8")
    return Lark(source, parser="lalr", lexer="basic", postlex=_LineBreaks(), maybe_placeholders=False)


@dataclass(frozen=True)
class _Argument:
    value: bytes
    offset: int


@v_args(inline=True)
class _Builder(Transformer[Token, Node]):
    """Turn the parsed text into a tree of matchers."""

    def __init__(self, functions: Mapping[str, Build]) -> None:
        super().__init__(visit_tokens=False)
        self._functions = functions
        self._spelled = _spellings(functions)

    def start(self, tree: Node, *_: Token) -> Node:
        return tree

    def any(self, *parts: Node) -> Node:
        return AnyOf.of(parts)

    def every(self, *parts: Node) -> Node:
        return All.of(parts)

    def inverted(self, part: Node) -> Node:
        return part.part if isinstance(part, Not) else Not(part)

    def arguments(self, *tokens: Token) -> list[_Argument]:
        return [_Argument(_unquoted(token), token.start_pos or 0) for token in tokens if token.type == "STRING"]

    def matcher(self, name: Token, arguments: Sequence[_Argument] = ()) -> Node:
        at = name.start_pos or 0
        known = self._spelled.get(name.value)
        if known is None:
            raise _Refused(at, _unknown(name.value, self._functions))
        if not arguments:
            raise _Refused(at, f"{known} needs an argument")
        for argument in arguments:
            if not argument.value:
                raise _Refused(argument.offset, f"an empty argument of {known}")
        try:
            return self._functions[known]([argument.value for argument in arguments])
        except BadArgument as error:
            offset = at if error.index is None else arguments[error.index].offset
            raise _Refused(offset, f"in {known}, {error}") from error


@lru_cache(maxsize=4)
def _builder(syntax: str) -> _Builder:
    return _Builder(_SYNTAXES.get(syntax, V3))


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


def _unquoted(token: Token) -> bytes:
    """Take the quotes off, and read Go's escapes between double quotes."""
    quoted = str(token)
    inside = quoted[1:-1]
    if quoted[0] == "`":
        return inside.replace("\r", "").encode()
    result, end = b"", 0
    for escape in _ESCAPE.finditer(inside):
        simple, octal, byte, short, long, other = escape.groups()
        at = (token.start_pos or 0) + 1 + escape.start()
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


_EXPECTED = {
    "NAME": "a matcher such as Host(`example.com`)",
    "STRING": "an argument in backticks or double quotes",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": "a comma",
    "BANG": "!",
    "NL": "the end",
    "$END": "the end",
    "ELLIPSIS": "...",
    "__ANON_0": "||",
    "__ANON_1": "&&",
}


def _explained(source: str, error: UnexpectedInput) -> tuple[int, str]:
    """Return where the parser stopped, and why in words."""
    if isinstance(error, UnexpectedCharacters):
        at = error.pos_in_stream or 0
        character = source[at]
        if character in '`"':
            return at, "the string that begins here is not closed"
        if character == "'":
            return at, "single quotes hold one character in Go; write the argument in backticks or double quotes"
        if character.isdigit():
            return at, "numbers are not accepted; every argument is a string in backticks or double quotes"
        doubled = {"&": "; 'and' is &&", "|": "; 'or' is ||"}.get(character, "")
        return at, f"the character {character!r} has no meaning in a rule{doubled}"
    if not isinstance(error, UnexpectedToken):
        return len(source), "the rule ends too early"
    token = error.token
    expected = sorted({_EXPECTED.get(name, name) for name in error.accepts or error.expected})
    wanted = ", ".join(expected[:-1]) + (" or " if len(expected) > 1 else "") + expected[-1] if expected else "the end"
    if token.type == "$END":
        return len(source), f"the rule ends where {wanted} is expected" if source.strip() else "the rule is empty"
    at = token.start_pos or 0
    if token.type == "NL":
        return at, f"the rule ends with this line, and {wanted} is expected; put && or || at the end of a line"
    if token.value in {"&&", "||"} and "\n" in source[:at][len(source[:at].rstrip()) :]:
        return at, f"the rule ends with the line before; put the {token.value} at the end of that line"
    return at, f"{token.value[:40]!r} stands where {wanted} is expected"
