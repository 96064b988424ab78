"""Go's regular expressions, through RE2 (Go's engine takes RE2's syntax)."""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re2

parser: Any = importlib.import_module("re._parser")  # what the standard library's own sre_parse is an alias of
kinds: Any = importlib.import_module("re._constants")

LARGEST = 10_000
"""The longest pattern that is compiled, in characters."""

_OUTSIDE_ASCII_LETTERS = "\U0010fffe"
_WORD_CHARACTER = "a"
_OPENING = re.compile(r"(\(\?[isU]+\))?(\^|\\A)(?![*?{])")
_UNCLEAR = re.compile(r"\\Q|\(\?[a-zA-Z-]*m")
_ESCAPES = re.compile(r"\\.", re.DOTALL)
_BRACKETS = re.compile(r"\[\^?\]?(\[:\^?\w+:\]|[^\]])*\]")


class BadPattern(ValueError):  # noqa: N818 (named for what it is)
    """A pattern that Go refuses to compile. The message is RE2's."""


def text(raw: bytes) -> str:
    """Decode bytes as Go's regular expressions read them: every byte that is not UTF-8 is one U+FFFD."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return "".join(
            "\ufffd" if "\udc80" <= character <= "\udcff" else character
            for character in raw.decode(errors="surrogateescape")
        )


def _options() -> re2.Options:
    import re2  # noqa: PLC0415 (loaded only where there is a pattern)

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = 8 << 20
    return options


class GoRegexp:
    """A compiled pattern that answers what Go's `MatchString` would, and two questions about all longer texts."""

    def __init__(self, pattern: str) -> None:
        """Compile.

        Args:
            pattern: In Go's syntax.

        Raises:
            BadPattern: If Go would not compile it, or it is longer than `LARGEST`.
        """
        self.pattern = pattern
        self._compiled = _compiled(pattern)

    def matches(self, subject: str) -> bool:
        """Tell whether the pattern matches anywhere in the text."""
        return self._compiled.search(subject) is not None

    def matches_every_extension(self, start: str) -> bool:
        """Tell whether it provably matches `start` followed by any one or more characters.

        It does when a match ends within `start` while another character follows. RE2's assertions look one character
        ahead at most, and only ask for the text's end or for a word boundary, so two followers stand for all.
        """
        return all(
            _compiled(rf"(?:{self.pattern})(?s:.*){follower}\z").search(start + follower) is not None
            for follower in (_OUTSIDE_ASCII_LETTERS, _WORD_CHARACTER)
        )

    def matches_no_extension(self, start: str) -> bool:
        """Tell whether it provably matches no text that begins with `start`.

        RE2 knows the first and the last text, in order of bytes, that a pattern can match from its start on; a
        pattern that is not tied to the start may match anywhere.
        """
        import re2  # noqa: PLC0415 (loaded only where there is a pattern)

        if not _tied_to_start(self.pattern):
            return False
        try:
            first, last = self._compiled.possiblematchrange(len(start.encode()) + 16)
        except re2.error:
            return False
        lowest = start.encode()
        first_raw, last_raw = _raw(first), _raw(last)
        return last_raw < lowest or (first_raw > lowest and not first_raw.startswith(lowest))

    def example_host(self) -> str | None:
        """Return a host that it matches; None where none was found."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Python's syntax: where Go's differs, the match below tells
                made = _example(parser.parse(self.pattern.replace(r"\z", r"\Z")))
        except (re.error, RecursionError, OverflowError, ValueError):
            return None
        return made if made and self.matches(made) else None

    def __eq__(self, other: object) -> bool:
        """Compare by pattern."""
        return isinstance(other, GoRegexp) and other.pattern == self.pattern

    def __hash__(self) -> int:
        """Hash by pattern."""
        return hash(self.pattern)

    def __repr__(self) -> str:
        """Show the pattern."""
        return f"GoRegexp({self.pattern!r})"


LONGEST_HOST = 253
_OF_HOSTS = "abcdefghijklmnopqrstuvwxyz0123456789-."
_CATEGORIES: dict[Any, Callable[[str], bool]] = {
    kinds.CATEGORY_DIGIT: str.isdigit,
    kinds.CATEGORY_NOT_DIGIT: lambda one: not one.isdigit(),
    kinds.CATEGORY_WORD: str.isalnum,
    kinds.CATEGORY_NOT_WORD: lambda one: not one.isalnum(),
    kinds.CATEGORY_NOT_SPACE: lambda _: True,
}


def _example(parsed: Iterable[tuple[Any, Any]]) -> str:
    """Follow a short way through a parsed pattern: the first of what may be chosen, once what may be left out.

    Raises:
        ValueError: the way is longer than any host, or leads through what is not followed.
    """
    made = ""
    for kind, given in parsed:
        if kind is kinds.LITERAL:
            made += chr(given)
        elif kind in {kinds.ANY, kinds.IN, kinds.NOT_LITERAL}:
            made += next((one for one in _OF_HOSTS if _takes(kind, given, one)), "")
        elif kind in {kinds.MAX_REPEAT, kinds.MIN_REPEAT}:
            least, most, inner = given
            made += _example(inner) * min(max(least, min(1, int(most))), LONGEST_HOST)
        elif kind is kinds.SUBPATTERN:
            made += _example(given[-1])
        elif kind is kinds.BRANCH:
            made += _example(given[1][0])
        elif kind is not kinds.AT:
            raise ValueError(f"{kind} is not followed")
        if len(made) > LONGEST_HOST:
            raise ValueError("longer than a host")
    return made


def _takes(kind: Any, given: Any, one: str) -> bool:
    """Tell whether a class of characters takes one."""
    match kind:
        case kinds.ANY:
            return True
        case kinds.LITERAL | kinds.NOT_LITERAL:
            return (ord(one) == given) is (kind == kinds.LITERAL)
        case kinds.RANGE:
            return given[0] <= ord(one) <= given[1]  # type: ignore[no-any-return]
        case kinds.CATEGORY:
            return given in _CATEGORIES and _CATEGORIES[given](one)
        case _:
            negated = given[0][0] is kinds.NEGATE
            return negated is not any(_takes(inner, what, one) for inner, what in given[negated:])


def _tied_to_start(pattern: str) -> bool:
    """Tell whether every match provably begins at the text's start; False where a glance does not tell."""
    if not _OPENING.match(pattern) or _UNCLEAR.search(pattern):
        return False
    outermost = _BRACKETS.sub("", _ESCAPES.sub("", pattern))
    depth = 0
    for character in outermost:
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            return False
    return True


def _raw(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode(errors="surrogateescape")


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re2._Regexp:
    import re2  # noqa: PLC0415 (loaded only where there is a pattern)

    if len(pattern) > LARGEST + 50:
        raise BadPattern(f"the pattern has {len(pattern)} characters, more than {LARGEST}")
    if "\\C" in pattern.replace("\\\\", ""):
        raise BadPattern(r"invalid escape sequence: \C")
    try:
        return re2.compile(pattern, _options())
    except re2.error as error:
        raise BadPattern(_message(error)) from error


def _message(error: Exception) -> str:
    reason = error.args[0] if error.args else "not a regular expression"
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
