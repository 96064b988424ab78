"""Compose files that are one project: a file that only adds to another's services is put on top of it.

`docker compose -f compose.yaml -f overrides/compose.https.yaml` does the same (Compose specification, "Merge"). Which
files go together is told by this: a service with neither an image nor a build cannot run, so its file is an override.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.elements import Element

RUNS = ("image", "build", "extends", "provider")
"""What makes a service one that can run by itself."""
BY_KEY = frozenset({"labels", "environment"})
"""Lists of `key=value`, or maps: the later of two values of a key holds."""
REPLACED = frozenset({"command", "entrypoint", "test"})
"""Lists that are one value."""


@record
class Project:
    """A compose file with what is put on top of it."""

    files: tuple[tuple[Path, Element], ...]
    """Each file and what stands in it, from below."""

    @property
    def path(self) -> Path:
        """The first file: names in it are relative to its folder, and its `.env` counts."""
        return self.files[0][0]

    @property
    def root(self) -> Element:
        """All of them, put on top of each other."""
        return merged([root for _, root in self.files])


def projects(files: Iterable[tuple[Path, Element]]) -> list[Project]:
    """Put compose files together.

    Args:
        files: Each file and what stands in it, in the order in which they are named.

    Returns:
        The files that stand for themselves, each with its overrides merged in; an override of nothing is one of them.
    """
    listed = list(files)
    added = [set(_added_to(root)) for _, root in listed]
    on_top: dict[int, list[int]] = {index: [] for index, names in enumerate(added) if not names}
    running = {base: set(_running(listed[base][1])) for base in on_top}
    alone = []
    for index, names in enumerate(added):
        if index in on_top:
            continue
        fitting = [base for base in on_top if names & running[base]]
        if fitting:
            on_top[_nearest(index, fitting, [path for path, _ in listed])].append(index)
        else:
            alone.append(index)
    found = dict(on_top) | {index: [] for index in alone}
    return [Project(tuple(listed[each] for each in (index, *found[index]))) for index in sorted(found)]


def _nearest(index: int, fitting: Sequence[int], paths: Sequence[Path]) -> int:
    """Return what an override is put on: what lies nearest above it, else what is named last before it."""
    above = [base for base in fitting if paths[index].is_relative_to(paths[base].parent)]
    depth = max((len(paths[base].parts) for base in above), default=0)
    near = [base for base in above if len(paths[base].parts) == depth] or fitting
    before = [base for base in near if base < index]
    return before[-1] if before else near[0]


def merged(roots: Sequence[Element]) -> Element:
    """Put trees on top of each other, the last one at the top; places stay those of the files."""
    result = roots[0]
    for root in roots[1:]:
        result = _over(result, root)
    return result


def _services(root: Element) -> list[Element]:
    services = root.get("services")
    return services.children if services and not services.is_list else []


def _running(root: Element) -> Iterator[str]:
    return (service.name for service in _services(root) if any(service.get(key) for key in RUNS))


def _added_to(root: Element) -> Iterator[str]:
    return (service.name for service in _services(root) if not any(service.get(key) for key in RUNS))


def _over(lower: Element, upper: Element) -> Element:
    if upper.name in BY_KEY:
        return _by_key(lower, upper)
    if upper.name == "networks" and (lower.is_list or upper.is_list):
        return _by_key(_keys(lower), _keys(upper))
    if upper.value is not None or upper.name in REPLACED:
        return upper
    if upper.is_null or not upper.children:
        return lower
    if upper.is_list and lower.is_list:
        known = {child.value for child in lower.children if child.value}
        more = [child for child in upper.children if not child.value or child.value not in known]
        return replace(lower, children=[*lower.children, *more])
    if upper.is_list or lower.is_list:
        return upper
    own = {child.name: child for child in lower.children}
    for child in upper.children:
        own[child.name] = _over(own[child.name], child) if child.name in own else child
    return replace(lower, children=list(own.values()))


def _by_key(lower: Element, upper: Element) -> Element:
    found: dict[str, Element] = {}
    for item in (*_items(lower), *_items(upper)):
        found[(item.value or "").partition("=")[0]] = item
    return replace(lower, children=list(found.values()), is_list=True, value=None, is_null=False)


def _items(element: Element) -> Iterator[Element]:
    """Write a map as the list that it may be too; no variable is filled in in a map's keys."""
    for child in element.children:
        if element.is_list or child.children:
            yield child
        else:
            said = child.name.replace("$", "$$")
            yield replace(child, value=said if child.value is None else f"{said}={child.value}", is_null=False)


def _keys(element: Element) -> Element:
    """Write a service's networks as the list of their names."""
    if element.is_list:
        return element
    named = [Element("", child.location, child.name) for child in element.children]
    return replace(element, children=named, is_list=True)
