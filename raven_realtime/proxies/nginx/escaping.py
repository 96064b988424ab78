"""How nginx 1.22 decodes, cleans and encodes URIs (its functions' names are in the docstrings).

Bytes are kept as text, one character a byte (Latin-1): nginx compares bytes.
"""

from __future__ import annotations

_OTHERS = frozenset(map(chr, (*range(0x20), *range(0x7F, 0x100)))) | frozenset(' "#%<>?\\^`{|}')
ESCAPED_IN_URI = _OTHERS
ESCAPED_IN_ARGS = _OTHERS | frozenset("&+;")
_HEX = frozenset("0123456789abcdefABCDEF")


class BadUri(Exception):  # noqa: N818 (an answer of nginx: 400)
    """nginx answers a request for this URI with 400."""


def wire(text: str) -> str:
    """Return text as nginx sees it: one character a byte."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")


def escape(text: str, characters: frozenset[str] = ESCAPED_IN_URI) -> str:
    """Percent-encode the given characters (ngx_escape_uri)."""
    return "".join(f"%{ord(char):02X}" if char in characters else char for char in text)


def unescape_redirect(text: str) -> str:
    """Take off the escapes of a rewritten redirect up to its query (ngx_unescape_uri, NGX_UNESCAPE_REDIRECT).

    What is no escape after a percent sign loses the percent sign, and a first digit too.
    """
    out: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        at += 1
        if char == "%":
            char = text[at : at + 1]
            at += 1
            if char in _HEX:
                pair = text[at - 1 : at + 1]
                at += 1
                char = ""
                if set(pair) <= _HEX and len(pair) == 2:
                    decoded = chr(int(pair, 16))
                    char = decoded if "%" < decoded < "\x7f" else f"%{pair}"
        out.append(char)
        if char == "?":
            break
    return "".join(out) + text[at:]


def is_clean(target: str) -> bool:
    """Tell whether a request target has no space and no control character: nginx answers them with 400 since 1.21.1."""
    return not any(char <= " " or char == "\x7f" for char in target)


def split(target: str) -> tuple[str, str]:
    """Return the path and the query of a request target as sent; a fragment belongs to neither."""
    path, mark, args = target.partition("?")
    if "#" in path:
        return path.partition("#")[0], ""
    return path, args.partition("#")[0] if mark else ""


def normalize(path: str, *, merge_slashes: bool) -> str:
    """Return the path that locations are compared with (ngx_http_parse_complex_uri).

    Escapes are decoded, and a decoded slash or dot counts as one; ``.`` and ``..`` segments are resolved; slashes in
    a row become one if ``merge_slashes`` is on.

    Raises:
        BadUri: not a path, a broken escape, ``%00``, a control character, or ``..`` beyond the root.
    """
    if not path.startswith("/") or not is_clean(path):
        raise BadUri(path)
    out: list[str] = []
    segment = 0  # where the last segment starts, after its slash
    at = 0
    while at < len(path):
        char, literal = path[at], False
        at += 1
        if char == "%":
            pair = path[at : at + 2]
            if len(pair) != 2 or not set(pair) <= _HEX or pair == "00":
                raise BadUri(path)
            at += 2
            char = chr(int(pair, 16))
            literal = char in "%#?"  # these end a segment's special meaning
        if char == "/" and not literal:
            resolved = _close(out, segment, path)
            if not resolved and not (merge_slashes and out and out[-1] == "/"):
                out.append("/")
            segment = len(out)
        else:
            out.append(char)
    _close(out, segment, path)
    return "".join(out)


def _close(out: list[str], segment: int, path: str) -> bool:
    """Resolve the segment that ends here if it is ``.`` or ``..``, and tell whether it was; a slash stays at the end.

    Raises:
        BadUri: beyond the root.
    """
    last = out[segment:]
    if last not in (["."], [".", "."]):
        return False
    del out[segment:]
    if len(last) == 2:
        if len(out) < 2:
            raise BadUri(path)
        out.pop()
        while out[-1] != "/":
            out.pop()
    return True
