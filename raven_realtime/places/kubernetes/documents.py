"""The YAML or JSON documents of a manifest file, each with its kind and the file's own line numbers.

A manifest may hold thousands of objects, most of them of no interest: only documents of the wanted kinds are parsed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.elements import Element, plain_element, yaml_element
from raven_realtime.proxies.unreadable import Unreadable

KINDS = frozenset(
    {
        *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod"),
        *("HorizontalPodAutoscaler", "Service", "ConfigMap", "Ingress", "IngressClass"),
        *("HTTPRoute", "Gateway", "GatewayClass", "IngressRoute", "Middleware", "TraefikService"),
        *("BackendConfig", "FrontendConfig", "ServersTransport"),
    }
)
"""The kinds that are read."""

_SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_KIND = re.compile(r"""^(?:["']?)kind(?:["']?)\s*:\s*["']?(\w+)""", re.MULTILINE)
_ANY_KIND = re.compile(r"""["']?\bkind["']?\s*:\s*["']?(\w+)""")
_VERSION = re.compile(r"""["']?\bapiVersion["']?\s*:""")
_ITEMS = re.compile(r"^items:[ \t]*\r?\n((?:[ \t]*\r?\n)*)( *)- ", re.MULTILINE)
_TEMPLATE = re.compile(r"\{\{-?[^}\n]*(?:\.(?:Values|Release|Chart|Capabilities)\b|\binclude\s+\")")
"""Helm's own objects and function; other braces may stand in rendered files too (an alert's text)."""


@record
class Document:
    """One object of a file."""

    kind: str
    root: Element


def is_manifest(text: str) -> bool:
    """Tell, without parsing, whether a text has Kubernetes objects of the kinds that are read.

    A template of a chart is none: what it says is only known once Helm has rendered it.
    """
    if "apiVersion" not in text or not _VERSION.search(text):
        return False
    kinds = _ANY_KIND.finditer(text)
    if not any(found[1] in KINDS or found[1].endswith("List") for found in kinds):
        return False
    return not is_template(text)


def is_template(text: str) -> bool:
    """Tell whether a text is a template of a Helm chart, which has to be rendered first."""
    return "{{" in text and _TEMPLATE.search(text) is not None


def documents(text: str, name: str) -> Iterator[Document]:
    """Read the objects of the kinds that are of interest, in the order of the file.

    Args:
        text: The file.
        name: What messages and locations call it.

    Raises:
        Unreadable: If a document of a wanted kind is not YAML or JSON, or grows or nests without measure.
    """
    for start, chunk in _chunks(text.removeprefix("\ufeff")):
        yield from _objects(chunk, start, name)


def _chunks(text: str) -> Iterator[tuple[int, str]]:
    """Split a file at ``---``: how many lines stand before a document, and its text."""
    begin, lines = 0, 0
    for found in _SEPARATOR.finditer(text):
        yield lines, text[begin : found.start()]
        lines += text.count("\n", begin, found.end())
        begin = found.end()
    yield lines, text[begin:]


def _objects(chunk: str, start: int, name: str) -> Iterator[Document]:
    stripped = chunk.lstrip()
    if stripped.startswith(("{", "[")):
        if any(found[1] in KINDS for found in _ANY_KIND.finditer(chunk)):
            yield from _unfolded(parsed(chunk, name, start))
        return
    kinds = [found[1] for found in _KIND.finditer(chunk)]
    if any(kind in KINDS for kind in kinds):
        yield from _unfolded(parsed(chunk, name, start))
    elif any(kind.endswith("List") for kind in kinds):
        if (items := _ITEMS.search(chunk)) is None:
            yield from _unfolded(parsed(chunk, name, start))
            return
        for line, item in _items(chunk, items.start(2), len(items[2])):
            own = re.search(rf"""^ {{{len(items[2]) + 2}}}["']?kind["']?\s*:\s*["']?(\w+)""", item, re.MULTILINE)
            if own is None or own[1] in KINDS:
                yield from _unfolded(parsed(item, name, start + line))


def _items(chunk: str, begin: int, indent: int) -> Iterator[tuple[int, str]]:
    """Split a List's items by their dashes, as kubectl writes them: lines before each, and its text, dash taken out."""
    dash, deeper = " " * indent + "- ", " " * (indent + 1)
    before = chunk.count("\n", 0, begin)
    current: list[str] = []
    first = before
    for number, line in enumerate(chunk[begin:].splitlines(keepends=True), before):
        if line.startswith(dash):
            if current:
                yield first, "".join(current)
            current, first = [" " * indent + "  " + line[len(dash) :]], number
        elif not line.strip() or line.startswith(deeper) or line.lstrip().startswith("#"):
            current.append(line)
        else:
            break
    if current:
        yield first, "".join(current)


def parsed(chunk: str, name: str, start: int = 0) -> Element:
    """Parse one document.

    Args:
        chunk: Its text.
        name: What messages and locations call the file.
        start: How many lines of the file stand before it.

    Raises:
        Unreadable: If it is not YAML or JSON, or grows or nests without measure.
    """
    try:
        root = yaml_element(chunk, name)
    except Unreadable as error:
        if (plain := _plain(chunk, start, name)) is not None:
            return plain
        raise _complaint(chunk, start, name) from error
    _shift(root, start)
    return root


def _plain(chunk: str, start: int, name: str) -> Element | None:
    """Read JSON that is no YAML (indented by tabs), without lines."""
    if not chunk.lstrip().startswith(("{", "[")):
        return None
    try:
        return plain_element("", json.loads(chunk), Location(name, start + 1))
    except (ValueError, RecursionError, Unreadable):
        return None


def _complaint(chunk: str, start: int, name: str) -> Unreadable:
    """Return what is wrong with a document, with the file's line."""
    if "{{" in chunk:
        line = start + 1 + chunk.count("\n", 0, chunk.index("{{"))
        return Unreadable(
            "this is a template of a chart; render it first (helm template) and name what comes out.",
            Location(name, line),
        )
    try:
        yaml_element("\n" * start + chunk, name)
    except Unreadable as error:
        found = re.fullmatch(r"(.*?):(\d+): (.*)", error.reason, re.DOTALL)
        if found and found[1] == name:
            return Unreadable(found[3], Location(name, int(found[2])))
        return Unreadable(error.reason.removeprefix(f"{name}: "), error.location or Location(name, start + 1))
    return Unreadable("the document is not YAML.", Location(name, start + 1))


def _shift(element: Element, lines: int) -> None:
    """Add the lines that stand before a document; an element that several aliases name is one object for each."""
    if not lines:
        return
    waiting = [element]
    while waiting:
        current = waiting.pop()
        if current.location.line is not None:
            current.location = replace(current.location, line=current.location.line + lines)
        waiting += current.children


def _unfolded(root: Element) -> Iterator[Document]:
    """Take a List apart."""
    kind = root.get("kind")
    name = (kind.value or "") if kind else ""
    items = root.get("items")
    if name in KINDS:
        yield Document(name, root)
    elif root.is_list or (name.endswith("List") and items):
        for item in root.children if root.is_list else (items.children if items else ()):
            inner = item.get("kind")
            if inner and inner.value in KINDS:
                yield Document(inner.value or "", item)
