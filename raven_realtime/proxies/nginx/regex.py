"""nginx's regular expressions (PCRE) by RE2: linear time whatever the pattern, and an honest no where they differ."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from raven_realtime.proxies.nginx.escaping import wire
from raven_realtime.proxies.record import record

MAX_PATTERN = 4_000


class Undecided(Exception):  # noqa: N818 (an answer: this cannot be told from the configuration)
    """What nginx does here cannot be told from the configuration and the request. The message says why."""


@record
class Match:
    """A match: the whole and the groups, and the named ones."""

    groups: tuple[str | None, ...]
    named: dict[str, str]


@lru_cache(maxsize=4096)
def _compiled(pattern: str, ignore_case: bool) -> Any:
    if len(pattern) > MAX_PATTERN:
        raise Undecided(f"the regular expression {pattern[:40]}… is longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    options.max_mem = 8 << 20
    try:
        return re2.compile(wire(pattern), options)
    except re2.error as refused:
        why = refused.args[0].decode() if isinstance(refused.args[0], bytes) else refused.args[0]
        raise Undecided(f"the regular expression {pattern} needs PCRE itself ({why})") from None


def has_groups(pattern: str) -> bool:
    """Whether a pattern captures; one that only PCRE can read may."""
    try:
        return bool(_compiled(pattern, False).groups)
    except Undecided:
        return True


def search(pattern: str, text: str, *, ignore_case: bool = False) -> Match | None:
    """Look for a pattern anywhere in the text, as nginx does.

    Raises:
        Undecided: the pattern uses what only PCRE has, or the text has a line break, where PCRE and RE2 differ.
    """
    compiled = _compiled(pattern, ignore_case)
    if "\n" in text:
        raise Undecided(f"the regular expression {pattern} is asked about a text with a line break")
    found = compiled.search(text)
    if found is None:
        return None
    named = {name: value or "" for name, value in found.groupdict().items()}
    return Match((found.group(0), *found.groups()), named)
