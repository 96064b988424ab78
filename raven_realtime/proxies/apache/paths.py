"""Paths: how Apache reads one from a request line, compares it, and writes it for another server."""

from __future__ import annotations

import re

_UNESCAPED = "~$-_.+!*'(),;:@&=/"
"""What mod_proxy leaves as it is in a path, beside letters and digits."""


def decoded(path: str, *, merge: bool, slashes: bool) -> str | int:
    """Return the path that Apache works with; the status that it answers where it takes none.

    Args:
        path: as it stands in the request line, without a query.
        merge: whether slashes that follow each other count as one (``MergeSlashes``).
        slashes: whether an encoded slash is allowed (``AllowEncodedSlashes``).
    """
    if not path.startswith("/"):
        return 400
    if re.search(r"%(?![0-9A-Fa-f]{2})", path):
        return 400
    if re.search("%00", path) or (not slashes and re.search("%2f", path, re.IGNORECASE)):
        return 404
    unreserved = re.sub(
        "%([0-9A-Fa-f]{2})",
        lambda found: char if re.fullmatch("[A-Za-z0-9._~-]", char := chr(int(found[1], 16))) else found[0],
        path,
    )
    out: list[str] = []
    parts = unreserved.split("/")[1:]
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if part in (".", ".."):
            if part == "..":
                if not out:
                    return 400
                out.pop()
            if last:
                out.append("")
        elif part or last or not merge:
            out.append(part)
    return re.sub("%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), "/" + "/".join(out))


def encoded(path: str) -> str:
    """Write a path as mod_proxy sends it on."""
    return "".join(
        char
        if char.isascii() and (char.isalnum() or char in _UNESCAPED)
        else "".join(f"%{byte:02X}" for byte in _bytes(char))
        for char in path
    )


def escaped(text: str, safe: str = "$-_.+!*'(),:@&=/~;") -> str:
    """Write a path as Apache does in the Location of a redirect."""
    return "".join(
        char
        if char.isascii() and (char.isalnum() or char in safe)
        else "".join(f"%{byte:02x}" for byte in _bytes(char))
        for char in text
    )


def _bytes(char: str) -> bytes:
    return char.encode("latin-1") if ord(char) < 256 else char.encode("utf-8", "replace")


def covered(path: str, prefix: str) -> int:
    """Return how much of a path a prefix covers: whole segments; 0 if it does not."""
    at = index = 0
    while index < len(prefix):
        if prefix[index] == "/":
            if path[at : at + 1] != "/":
                return 0
            while prefix[index : index + 1] == "/":
                index += 1
            while path[at : at + 1] == "/":
                at += 1
        else:
            if path[at : at + 1] != prefix[index]:
                return 0
            at, index = at + 1, index + 1
    if prefix[-1:] != "/" and at < len(path) and path[at] != "/":
        return 0
    return at
