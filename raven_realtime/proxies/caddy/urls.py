"""A request's URL as Go keeps it: a decoded path, and the path as sent where the two differ.

Source of the rules: the EscapedPath and RequestURI methods of https://pkg.go.dev/net/url#URL, and
https://pkg.go.dev/path#Clean for the cleaning of paths.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, quote_plus, unquote

_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_AS_SENT = re.compile(r"(?:[A-Za-z0-9\-_.~!$&'()*+,;=:@\[\]/]|%[0-9A-Fa-f]{2})*")


def unescape(text: str) -> str | None:
    """Decode percent escapes; None where one is malformed. Bytes that are no UTF-8 survive as surrogates."""
    return None if _ESCAPE.search(text) else unquote(text, errors="surrogateescape")


def escape(text: str) -> str:
    """Encode a path."""
    return quote(_bytes(text), safe="/$&+,:;=@-_.~")


def escape_query(text: str) -> str:
    """Encode a key or a value of a query."""
    return quote_plus(_bytes(text))


def _bytes(text: str) -> bytes:
    """Return a text's bytes: surrogates of `unescape` as they came, and others as question marks."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(errors="replace")


@dataclass
class Url:
    """Path and query of a request."""

    path: str
    raw: str = ""
    """The path as sent, where it differs from what `escape` makes of the decoded one."""
    query: str = ""
    asked: bool = False
    """Whether there is a question mark with nothing after it."""

    @staticmethod
    def parse(target: str) -> Url | None:
        """Take a request's target; None where Go would call it malformed."""
        rest, _, query = target.partition("?")
        path = unescape(rest)
        if path is None or not (rest.startswith("/") or rest == "*"):
            return None
        return Url(path, "" if escape(path) == rest else rest, query, target.endswith("?") and not query)

    @property
    def escaped(self) -> str:
        """The path as it is sent on."""
        if self.raw and _AS_SENT.fullmatch(self.raw) and unescape(self.raw) == self.path:
            return self.raw
        return "*" if self.path == "*" else escape(self.path)

    @property
    def target(self) -> str:
        """Path and query as they stand in a request line."""
        return (self.escaped or "/") + ("?" + self.query if self.query or self.asked else "")

    def change_path(self, change: Callable[[str], str]) -> None:
        """Rewrite the path in its encoded form; where that leaves nothing, in its decoded form."""
        self.raw = change(self.escaped)
        decoded = unescape(self.raw)
        self.path = decoded or change(self.path)
        if self.raw == self.path:
            self.raw = ""

    def copy(self) -> Url:
        """Return another of the same content."""
        return Url(self.path, self.raw, self.query, self.asked)


def clean(path: str, *, merge_slashes: bool = True) -> str:
    """Resolve dot segments and, if asked to, merge slashes; a slash at the end stays.

    An empty path becomes a dot.
    """
    rooted = path.startswith("/")
    kept: list[str] = []
    segments = path.split("/")
    for index, segment in enumerate(segments):
        if segment == "" and (merge_slashes or index in (0, len(segments) - 1)):
            continue
        if segment == "..":
            if kept and kept[-1] != "..":
                kept.pop()
            elif not rooted:
                kept.append("..")
        elif segment != ".":
            kept.append(segment)
    cleaned = ("/" if rooted else "") + "/".join(kept) or "."
    return cleaned + "/" if path.endswith("/") and cleaned != "/" else cleaned
