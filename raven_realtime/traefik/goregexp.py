"""Go's regular expressions, through RE2 (Go's engine takes RE2's syntax)."""

from __future__ import annotations

import re
from functools import lru_cache

import re2

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
        if not _tied_to_start(self.pattern):
            return False
        try:
            first, last = self._compiled.possiblematchrange(len(start.encode()) + 16)
        except re2.error:
            return False
        lowest = start.encode()
        first_raw, last_raw = _raw(first), _raw(last)
        return last_raw < lowest or (first_raw > lowest and not first_raw.startswith(lowest))

    def __eq__(self, other: object) -> bool:
        """Compare by pattern."""
        return isinstance(other, GoRegexp) and other.pattern == self.pattern

    def __hash__(self) -> int:
        """Hash by pattern."""
        return hash(self.pattern)

    def __repr__(self) -> str:
        """Show the pattern."""
        return f"GoRegexp({self.pattern!r})"


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
