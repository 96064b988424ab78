"""XML for the formats that are XML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from html import escape

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no place for (W3C, Extensible Markup Language 1.0, section 2.2)."""


def element(name: str, attributes: Mapping[str, object], inner: Iterable[str] = (), text: str = "") -> str:
    """Return an element with its attributes, those without a value left out."""
    said = "".join(f' {key}="{_safe(str(value))}"' for key, value in attributes.items() if value not in {None, ""})
    held = "".join(f"\n{each}" for each in inner)
    indented = held.replace("\n", "\n  ") + ("\n" if held else "") + _safe(text)
    return f"<{name}{said}>{indented}</{name}>" if indented else f"<{name}{said}/>"


def document(root: str) -> str:
    """Return a whole document."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root}'


def _safe(text: str) -> str:
    return escape(_FORBIDDEN.sub("?", text)).replace("\n", "&#10;")
