"""Where to correct a violation: the line of the stack's configuration, or of the program, that it comes from."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from raven_realtime.declared.preview.plan import Violation
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

TELLING = 4
"""The shortest value that is recognized in a violation's text."""


@record
class Entry:
    """One key of the stack's configuration."""

    line: int
    values: tuple[str, ...]


@record
class Source:
    """The files of one side of a pull request."""

    config_name: str
    config: Mapping[str, Entry] = field(default_factory=dict)
    programs: Mapping[str, str] = field(default_factory=dict)
    """The text of each program file, by its path in the repository."""


def read_config(text: str) -> dict[str, Entry]:
    """Return the keys of a Pulumi.<stack>.yaml with their lines and plain values."""
    root: Node | None = YAML().compose(text)
    if not isinstance(root, MappingNode):
        return {}
    found: dict[str, Entry] = {}
    for name, section in root.value:
        if name.value == "config" and isinstance(section, MappingNode):
            for key, value in section.value:
                found[key.value] = Entry(key.start_mark.line + 1, tuple(_scalars(value)))
    return found


def _scalars(node: Any) -> list[str]:
    if isinstance(node, ScalarNode):
        return [node.value]
    if isinstance(node, SequenceNode):
        return [text for each in node.value for text in _scalars(each)]
    return []


def place(violation: Violation, base: Source, head: Source, created: Sequence[str] = ()) -> Location:
    """Return where a violation comes from.

    In this order: the program line that makes a new resource which it names, or the one it is about; a configuration
    key that the change touched, if the violation shows its value or no other was touched; any key whose value it shows;
    the component's class.
    """
    name = violation.urn.rpartition("::")[2]
    named = [each for each in created if re.search(rf"(?<![\w-]){re.escape(each)}(?![\w-])", violation.evidence)]
    for each in filter(None, [*named, name]):
        if found := _line(head.programs, rf'["\']{re.escape(each)}["\']'):
            return found
    touched = [key for key, entry in head.config.items() if _values(base, key) != entry.values]
    shown = [key for key in touched if any(value in violation.evidence for value in head.config[key].values)]
    known = [
        key
        for key, entry in head.config.items()
        if any(len(value) >= TELLING and value in violation.evidence for value in entry.values)
    ]
    for keys in (shown, touched if len(touched) == 1 else [], known):
        if keys:
            return Location(f"{head.config_name} ({keys[0]})", head.config[keys[0]].line)
    for kind in reversed(violation.urn.split("::")[2].split("$") if violation.urn.count("::") > 2 else []):
        if found := _line(head.programs, rf"^class {re.escape(kind.rpartition(':')[2])}\("):
            return found
    return Location(head.config_name)


def _values(source: Source, key: str) -> tuple[str, ...] | None:
    entry = source.config.get(key)
    return entry.values if entry else None


def _line(programs: Mapping[str, str], pattern: str) -> Location | None:
    for path, text in sorted(programs.items()):
        if found := re.search(pattern, text, re.MULTILINE):
            return Location(path, text.count("\n", 0, found.start()) + 1)
    return None
