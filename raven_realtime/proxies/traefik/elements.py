"""Configuration as a tree of named elements with their place in a file, from YAML, TOML or labels; bounded in size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from raven_realtime.proxies import contents
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.proxies.yamlnodes import Node, NotYaml, TooDeep, compose_all

LARGEST_FILE = 512 << 10
"""The largest configuration file that is read, in bytes."""
MOST_ELEMENTS = 100_000
"""How many elements a file may have once its aliases are followed."""
DEEPEST = 40
"""How deep elements may nest."""

_MOST_OPEN = DEEPEST + 1


@dataclass
class Element:
    """A named value: a scalar, a list or a map."""

    name: str
    location: Location
    value: str | None = None
    """The scalar as text; None for null, lists and maps."""
    children: list[Element] = field(default_factory=list)
    """A map's entries by name; a list's items, named `[0]`, `[1]` …"""
    is_list: bool = False
    is_null: bool = False

    def get(self, name: str) -> Element | None:
        """Find a child, in whatever case its name is written."""
        return next((child for child in self.children if child.name.lower() == name.lower()), None)

    def path(self, *names: str) -> Element | None:
        """Follow names downwards."""
        current: Element | None = self
        for name in names:
            current = current.get(name) if current else None
        return current

    def texts(self) -> list[str]:
        """Return a list's scalars, or the one scalar, as texts."""
        if self.children:
            return [child.value or "" for child in self.children]
        return [] if self.value is None else [self.value]


def read_text(path: Path) -> str:
    """Read a configuration file.

    Raises:
        Unreadable: If it cannot be read, is larger than `LARGEST_FILE`, or is not text.
    """
    try:
        size = contents.size(path)
        if size > LARGEST_FILE:
            raise Unreadable(
                f"{path}: the file has {size} bytes; configuration files of up to {LARGEST_FILE} bytes are read. "
                "Name the file that holds the routers."
            )
        raw = contents.read_bytes(path)
    except OSError as error:
        raise Unreadable(f"{path}: the file cannot be read: {error.strerror or error}.") from error
    try:
        content = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{path}:{line}: the file is not text in UTF-8; is it a configuration file?") from error
    if "\0" in content:
        line = content.count("\n", 0, content.index("\0")) + 1
        raise Unreadable(f"{path}:{line}: the file holds a zero byte; is it a configuration file?")
    return content


def read_yaml(path: Path) -> Element:
    """Read a YAML (or JSON) file.

    Raises:
        Unreadable: If it cannot be read, is not YAML, is empty, or grows beyond the bounds when aliases are followed.
    """
    return yaml_element(read_text(path), str(path))


def yaml_element(content: str, path: str) -> Element:
    """Read YAML text; `path` is for messages.

    Raises:
        Unreadable: As `read_yaml`.
    """
    found = compose_all(content, _MOST_OPEN)
    try:
        document = next(found, None)
        if next(found, None) is not None:
            raise Unreadable(f"{path}: the file is not YAML: it has several documents, and one is expected.")
    except NotYaml as error:
        place = f"{path}:{error.line}" if error.line else path
        raise Unreadable(f"{place}: the file is not YAML: {error.reason}.") from error
    except TooDeep as error:
        raise Unreadable(f"{path}:{error.line}: more than {DEEPEST} levels inside each other.") from None
    if document is None or document.is_null:
        raise Unreadable(f"{path}: the file is empty; a map of settings is expected.")
    return _Growth(path).element("", document, 0)


class _Growth:
    """Follows a YAML document, counting what its aliases make of it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._count = 0

    def element(self, name: str, node: Node, depth: int) -> Element:
        """Turn a node and all below it into elements."""
        self._count += 1
        here = Location(self._path, node.line)
        if self._count > MOST_ELEMENTS:
            raise Unreadable(
                f"{here}: the file grows beyond {MOST_ELEMENTS} elements when its aliases (*name) are followed."
            )
        if depth > DEEPEST:
            raise Unreadable(f"{here}: more than {DEEPEST} levels inside each other; is there an alias to its own map?")
        if node.items is not None:
            items = [self.element(f"[{index}]", item, depth + 1) for index, item in enumerate(node.items)]
            return Element(name, here, children=items, is_list=True)
        if node.entries is not None:
            return Element(name, here, children=self._entries(node.entries, depth))
        return Element(name, here, None if node.is_null else node.value, is_null=node.is_null)

    def _entries(self, entries: list[tuple[Node, Node]], depth: int) -> list[Element]:
        own: dict[str, Element] = {}
        merged: dict[str, Element] = {}
        for key, value in entries:
            place = Location(self._path, key.line)
            if not key.is_scalar:
                raise Unreadable(f"{place}: a key must be a text.")
            if key.value == "<<":
                for child in self._merged(value, depth):
                    merged.setdefault(child.name, child)
                continue
            if key.value in own:
                raise Unreadable(f"{place}: {key.value!r} stands twice in the same map; give each its own name.")
            element = self.element(str(key.value), value, depth + 1)
            element.location = place
            own[element.name] = element
        return list((merged | own).values())

    def _merged(self, node: Node, depth: int) -> Iterator[Element]:
        for source in [node] if node.items is None else node.items:
            yield from self.element("", source, depth + 1).children


def read_toml(path: Path) -> Element:
    """Read a TOML file; places are the file's, without a line.

    Raises:
        Unreadable: If it cannot be read, is not TOML or is empty.
    """
    import tomllib  # noqa: PLC0415 (loaded only where there is such a file)

    try:
        content = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"{path}: the file is not TOML: {error}.") from error
    except RecursionError:
        raise Unreadable(f"{path}: the file nests more than {DEEPEST} levels.") from None
    if not content:
        raise Unreadable(f"{path}: the file is empty; a map of settings is expected.")
    return plain_element("", content, Location(str(path)))


def plain_element(name: str, value: object, location: Location, depth: int = 0) -> Element:
    """Turn a value of dicts, lists and scalars (of TOML or JSON) into elements.

    Raises:
        Unreadable: If it nests too deep.
    """
    if depth > DEEPEST:
        raise Unreadable(f"{location}: more than {DEEPEST} levels inside each other.")
    if isinstance(value, Mapping):
        children = [plain_element(str(key), inner, location, depth + 1) for key, inner in value.items()]
        return Element(name, location, children=children)
    if isinstance(value, list | tuple):
        children = [plain_element(f"[{index}]", inner, location, depth + 1) for index, inner in enumerate(value)]
        return Element(name, location, children=children, is_list=True)
    if value is None:
        return Element(name, location, is_null=True)
    return Element(name, location, str(value).lower() if isinstance(value, bool) else str(value))


@record
class Label:
    """One label of a container or service, and where it is written."""

    key: str
    value: str
    location: Location


def labels_of(labels: Mapping[str, object], location: Location) -> tuple[Label, ...]:
    """Take labels from a plain map whose lines are not known."""
    return tuple(Label(key, str(value), location) for key, value in sorted(labels.items()))


class Misread(Unreadable):
    """Configuration that Traefik refuses. The message begins with the place."""

    def __init__(self, location: Location, message: str) -> None:
        super().__init__(message, location)


class LabelError(Misread):
    """A label that Traefik cannot read; it then ignores the whole container."""


def label_element(labels: Iterable[Label], prefixes: Iterable[str]) -> Element | None:
    """Build the tree that Traefik builds from labels.

    Args:
        labels: All of one container.
        prefixes: Only keys that begin with one of these, in whatever case.

    Returns:
        The element `traefik`, or None if no label fits.

    Raises:
        LabelError: If a key is malformed.
    """
    wanted = tuple(prefix.lower() for prefix in prefixes)
    root: Element | None = None
    for label in sorted(labels, key=lambda label: label.key):
        if not label.key.lower().startswith(wanted):
            continue
        if ": " in label.key:
            name = label.key.partition(": ")[0]
            raise LabelError(label.location, f"the label {name!r} is written with a colon; in a list it is key=value.")
        parts = _parts(label)
        root = root or Element("traefik", label.location)
        current = root
        for part in parts[1:]:
            child = current.get(part)
            if child is None:
                child = Element(part, label.location)
                current.children.append(child)
            current = child
        current.value = label.value
        current.location = label.location
    return root


def _parts(label: Label) -> list[str]:
    parts: list[str] = []
    for part in label.key.split("."):
        if not part or part.startswith("["):
            raise LabelError(label.location, f"the label {label.key!r} has an empty part or one that begins with [.")
        name, bracket, index = part.partition("[")
        parts.extend([name, bracket + index] if bracket and part.endswith("]") else [part])
    if parts[0] != "traefik":
        raise LabelError(label.location, f"the label {label.key!r} must begin with 'traefik' in lower case.")
    if len(parts) > DEEPEST:
        raise LabelError(label.location, f"the label {label.key[:80]!r}… has more than {DEEPEST} parts.")
    return parts
