"""HAProxy's regular expressions (PCRE) by RE2: linear time whatever the pattern, and an honest no where they differ."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

from raven_realtime.proxies.haproxy.unknown import Unknown

_LONGEST = 4_000


@lru_cache(maxsize=1024)
def _compiled(pattern: str, ignore_case: bool) -> Any:
    if len(pattern) > _LONGEST:
        raise Unknown(f"the regular expression {pattern[:40]}… is longer than {_LONGEST} characters")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    options.max_mem = 8 << 20
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeError):
        raise Unknown(f"the regular expression {pattern} is not followed here") from None


def search(pattern: str, text: str, *, ignore_case: bool = False) -> tuple[str, ...] | None:
    """Look for a pattern anywhere in a text; return the whole match and its groups, "" for those that took no part.

    Raises:
        Unknown: the pattern uses what only PCRE has.
    """
    try:
        found = _compiled(pattern, ignore_case).search(text)
    except UnicodeError:
        raise Unknown(f"the regular expression {pattern} is asked about bytes that are no text") from None
    return None if found is None else tuple(group or "" for group in (found.group(0), *found.groups()))


def expand(template: str, groups: tuple[str, ...]) -> str:
    r"""Put groups in the place of ``\0`` to ``\9``."""
    out: list[str] = []
    at = 0
    while at < len(template):
        char = template[at]
        at += 1
        if char == "\\" and at < len(template):
            follows = template[at]
            at += 1
            if follows in "0123456789":
                out.append(groups[int(follows)] if int(follows) < len(groups) else "")
            else:
                out.append(follows)
        else:
            out.append(char)
    return "".join(out)
