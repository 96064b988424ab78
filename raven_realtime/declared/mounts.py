"""The configurations that a container gets from files of the machine: those that are at hand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from raven_realtime.declared import kinds, texts
from raven_realtime.declared.world import Reading, Setting, World
from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.elements import read_text
from raven_realtime.proxies.unreadable import Unreadable

_LARGEST = 1 << 20
_NGINX_PATHS = re.compile(r"/etc/nginx/|nginx\.conf|/conf\.d/")


def read_mounted(
    pairs: Iterable[tuple[str, str]], folder: Path, name: str, location: Location, reading: Reading
) -> None:
    """Read what is mounted into a container.

    Args:
        pairs: for each mount its source and its place in the container.
        folder: where relative sources begin.
        name: the container's.
        location: where it is declared.
        reading: gets what is found.
    """
    for source, target in pairs:
        path = folder / source
        if source.startswith((".", "/")) and path.is_file() and (world := _proxy_of(path, name, reading)):
            reading.parts.append(world)
            continue
        if not _NGINX_PATHS.search(target) or not (source.startswith((".", "/")) or path.is_file()):
            continue
        if source.startswith("/") and not path.exists():
            said = f"the configuration {source} of {name}"
            elsewhere = Setting(said, "is not on this machine", location)
            reading.parts.append(World(unknown=(elsewhere,)))
            continue
        for each in sorted(path.glob("*.conf")) if path.is_dir() else [path]:
            try:
                world = texts.read(read_text(each), str(each), runs_in=name)
            except (Problem, Unreadable) as problem:
                reading.refuse(problem, Location(str(each)))
            else:
                if world:
                    reading.parts.append(world)


def _proxy_of(path: Path, name: str, reading: Reading) -> World | None:
    """Return the world of a mounted file that configures a proxy other than nginx."""
    if path.stat().st_size > _LARGEST:
        return None
    try:
        found = kinds.take((*kinds.PLAIN, *kinds.YAML, *kinds.JSON), read_text(path), path)
    except (Problem, Unreadable) as problem:
        reading.refuse(problem, Location(str(path)))
        return None
    return replace(found, proxies=tuple(replace(each, runs_in=name) for each in found.proxies)) if found else None
