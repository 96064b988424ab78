"""Ignores at the place: ``# raven-realtime: ignore RT107 -- behind a tunnel``.

Behind something on its line the comment is about that line; alone on its line it is about the next one that is no
comment. ``#`` begins it in YAML, nginx, TOML, Caddyfile, HAProxy and Apache, ``//`` in JavaScript, ``<!--`` in HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from raven_realtime.declared.keeping.names import code_of
from raven_realtime.proxies import contents
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

LARGEST = 16 << 20
_TELLING = b"raven-realtime:"
_COMMENT = re.compile(r"(?:#|//|<!--)[\s#]*raven-realtime:\s*ignore\b:?(.*?)(?:-->)?\s*$")
_ALONE = re.compile(r"\s*(?:#|//|<!--)")
_REASON = re.compile(r"\s+(?:--|—)\s*")


@record
class Comment:
    """One comment that ignores findings."""

    location: Location
    about: int
    """The line that it is about."""
    codes: tuple[str, ...]
    unknown: tuple[str, ...]
    """Words where codes were expected."""
    reason: str

    def covers(self, code: str, where: Location | None) -> bool:
        """Tell whether it ignores a finding."""
        return where == Location(self.location.path, self.about) and code in self.codes


def comments(paths: Iterable[str]) -> Iterator[Comment]:
    """Find the ignores in files; what cannot be read holds none."""
    for path in dict.fromkeys(paths):
        try:
            if contents.size(Path(path)) > LARGEST:
                continue
            raw = contents.read_bytes(Path(path))
        except OSError:
            continue
        if _TELLING in raw:
            yield from _in(raw.decode("utf-8", errors="replace"), path)


def _in(text: str, path: str) -> Iterator[Comment]:
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        if not (found := _COMMENT.search(line)):
            continue
        said, *reason = _REASON.split(f" {found[1]}", maxsplit=1)
        words = [word for word in re.split(r"[\s,]+", said) if word]
        about = number
        if _ALONE.match(line):
            following = (
                at for at, each in enumerate(lines[number:], number + 1) if each.strip() and not _ALONE.match(each)
            )
            about = next(following, number)
        yield Comment(
            Location(path, number),
            about,
            tuple(code for word in words if (code := code_of(word))),
            tuple(word for word in words if not code_of(word)),
            (reason or [""])[0].strip(),
        )
