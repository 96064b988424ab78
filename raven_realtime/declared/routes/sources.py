"""What Traefik knows: read from files, from a Docker host, or from Traefik's own API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from raven_realtime.problem import Problem
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.compose import is_swarm, read_compose
from raven_realtime.proxies.traefik.containers import DOCKER, SWARM, Container, contribution
from raven_realtime.proxies.traefik.elements import Element, read_toml, read_yaml
from raven_realtime.proxies.traefik.file import SUFFIXES, read_dynamic
from raven_realtime.proxies.traefik.overrides import Project, projects
from raven_realtime.proxies.traefik.static import Static, static_arguments, static_of
from raven_realtime.proxies.traefik.table import Contribution, Table, assemble

DYNAMIC = ("http", "tcp", "udp", "tls")
STATIC = ("entryPoints", "providers", "api", "certificatesResolvers")
ACCEPTED = (
    "a compose file (it has `services`), one of Traefik's dynamic files (`http`, `tcp`, `udp` or `tls`) "
    "or its static one (`entryPoints` or `providers`)"
)


@dataclass
class _Files:
    """What files said, sorted by what they are."""

    compose: list[tuple[Path, Element]] = field(default_factory=list)
    containers: list[Container] = field(default_factory=list)
    services: list[Container] = field(default_factory=list)
    """Of a Swarm."""
    dynamic: list[Path] = field(default_factory=list)
    static: Static | None = None


def gather(
    files: Iterable[Path] = (), containers: Iterable[Container] = (), services: Iterable[Container] = ()
) -> Table:
    """Put together what files say and what runs.

    Args:
        files: Compose files, Traefik's dynamic files and its static one, or folders that hold some.
        containers: What runs on a Docker host.
        services: The services of its Swarm.

    Raises:
        Problem: A file cannot be read, or is none of these.
    """
    read = _Files()
    for path in files:
        for file in _each(path):
            _sort(file, read, certain=not path.is_dir())
    for project in projects(read.compose):
        _compose(project, read)
    static = read.static or Static()
    running = [*containers]
    docker = static.docker or DOCKER
    asked = (one for one in (*read.containers, *running) if docker.exposed_by_default or one.speaks)
    parts: list[Contribution] = [contribution(asked, docker)]
    stack = static.swarm or SWARM
    if swarm := [one for one in (*read.services, *services) if stack.exposed_by_default or one.speaks]:
        parts.append(contribution(swarm, stack))
    if read.dynamic:
        parts.append(read_dynamic(read.dynamic))
    partial = read.static is None and not running
    return assemble(parts, static.entrypoints, default_syntax=static.default_syntax, partial=partial)


def _each(path: Path) -> Iterator[Path]:
    if not path.exists():
        raise Problem(f"{path}: there is no such file or folder; accepted: {ACCEPTED}.")
    if not path.is_dir():
        yield path
        return
    found = sorted(file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    if not found:
        raise Problem(f"{path}: no {', '.join(SUFFIXES)} file in this folder; accepted: {ACCEPTED}.")
    yield from found


def _sort(file: Path, read: _Files, *, certain: bool) -> None:
    """Add what one file says; what it is shows in its top-level keys."""
    root = read_toml(file) if file.suffix.lower() == ".toml" else read_yaml(file)
    if root.get("services"):
        read.compose.append((file, root))
    elif any(root.get(name) for name in DYNAMIC):
        read.dynamic.append(file)
    elif any(root.get(name) for name in STATIC):
        read.static = static_of(root)
    elif certain:
        keys = ", ".join(child.name for child in root.children[:8]) or "nothing"
        raise Problem(f"{file}: found {keys} at its top; accepted: {ACCEPTED}.")


def _compose(project: Project, read: _Files) -> None:
    swarm = is_swarm(project.root)
    compose = read_compose(project.path, root=project.root, swarm=swarm)
    if swarm:
        read.services += compose.containers
    else:
        read.containers += compose.containers
    for service, words in compose.commands.items():
        if any(word.lower().startswith(("--entrypoints.", "--providers.")) for word in words):
            read.static = static_arguments(words, _place(project.root, service))


def _place(root: Element, service: str) -> Location:
    command = root.path("services", service, "command")
    return (command or root).location
