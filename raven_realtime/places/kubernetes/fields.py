"""Fields of an object, wherever they are and whatever stands there instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from raven_realtime.proxies.ingress.objects import Meta, Text
from raven_realtime.proxies.traefik.elements import Element

_NUMBER = re.compile("[0-9]{1,9}")


def at(element: Element | None, *names: str) -> Element | None:
    """Follow names downwards; None where one is missing or null."""
    found = element.path(*names) if element else None
    return None if found is None or found.is_null else found


def text(element: Element | None, *names: str) -> str:
    """Return a field's text; empty without it."""
    found = at(element, *names)
    return (found.value or "") if found else ""


def number(element: Element | None, *names: str) -> int | None:
    """Return a field's whole number; None without it, or where it is something else."""
    written = text(element, *names).strip()
    return int(written) if _NUMBER.fullmatch(written) else None


def items(element: Element | None, *names: str) -> list[Element]:
    """Return a list's items; none without it."""
    found = at(element, *names)
    return list(found.children) if found and found.is_list else []


def texts(element: Element | None, *names: str) -> tuple[str, ...]:
    """Return a list's texts; none without it."""
    return tuple(item.value or "" for item in items(element, *names))


def pairs(element: Element | None, *names: str) -> Mapping[str, Text]:
    """Return a map of texts with their places."""
    found = at(element, *names)
    children = found.children if found and not found.is_list else []
    return MappingProxyType({child.name: Text(child.value or "", child.location) for child in children})


def plain(element: Element | None, *names: str) -> Mapping[str, str]:
    """Return a map of texts."""
    return MappingProxyType({name: found.value for name, found in pairs(element, *names).items()})


def meta(root: Element) -> Meta:
    """Return what every object has."""
    name = at(root, "metadata", "name")
    return Meta(
        text(root, "kind"),
        text(root, "metadata", "name"),
        name.location if name else root.location,
        text(root, "metadata", "namespace"),
        plain(root, "metadata", "labels"),
        pairs(root, "metadata", "annotations"),
    )
