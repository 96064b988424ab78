"""Go's regular expressions (https://pkg.go.dev/regexp/syntax), by RE2, whose syntax is the same."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import re2

from raven_realtime.proxies.caddy.unknown import NotKnown

_NAME = re.compile(r"\$(?:(\$)|\{(\w+)\}|(\w+))", re.ASCII)


@lru_cache(maxsize=512)
def compiled(pattern: str) -> Any:
    """Compile a pattern.

    Raises:
        NotKnown: Caddy would not accept it.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise NotKnown(f"Caddy does not accept a regular expression: {error}") from error


def search(pattern: str, text: str) -> Any:
    """Find the first match of a pattern; None without one.

    Raises:
        NotKnown: Caddy would not accept the pattern, or the text is no text.
    """
    try:
        return compiled(pattern).search(text)
    except UnicodeEncodeError as error:
        raise NotKnown("a regular expression meets bytes that are no UTF-8") from error


def substitute(pattern: str, template: str, text: str) -> str:
    """Replace every match by a template.

    Raises:
        NotKnown: as for `search`.
    """
    try:
        return str(compiled(pattern).sub(lambda found: expand(template, found), text))
    except UnicodeEncodeError as error:
        raise NotKnown("a regular expression meets bytes that are no UTF-8") from error


def expand(template: str, found: Any) -> str:
    """Fill ``$1``, ``${name}`` and ``$$`` as Go does: the longest name counts, and what is no group becomes nothing."""

    def value(reference: re.Match[str]) -> str:
        if reference[1]:
            return "$"
        name = reference[2] or reference[3]
        try:
            return str(found.group(int(name) if name.isdigit() else name) or "")
        except (IndexError, KeyError, re2.error, ValueError):
            return ""

    return _NAME.sub(value, template)
