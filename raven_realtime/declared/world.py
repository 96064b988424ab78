"""What is declared about the realtime path, wherever it was read: the model that rules judge."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import TYPE_CHECKING

from raven_realtime.places.container import Published
from raven_realtime.problem import Problem
from raven_realtime.proxies.interface import Proxy
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.nginx.directive import Directive
from raven_realtime.proxies.nginx.routing import Configuration
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik import containers as providers
from raven_realtime.proxies.traefik.containers import DOCKER, SWARM
from raven_realtime.proxies.traefik.rule import language_of
from raven_realtime.proxies.traefik.static import Static
from raven_realtime.proxies.traefik.table import Contribution, Table, assemble
from raven_realtime.proxies.unreadable import Unreadable
from raven_realtime.versions import of_image

if TYPE_CHECKING:
    from raven_realtime.places.kubernetes.objects import Objects
    from raven_realtime.places.process import Process


class Hidden(str):
    """A text that Pulumi keeps secret: it is encrypted in the state, and left out of what Pulumi prints."""

    __slots__ = ()


@record
class Setting:
    """A named text, and where it stands: a variable, a label, a command line, a place that names a port."""

    name: str
    value: str
    location: Location


@record
class Container:
    """A container or Swarm service, beyond what routes to it."""

    routing: providers.Container
    image: str = ""
    """As written; empty where it is not known."""
    image_at: Location | None = None
    """Where it is written, where that is another place than the container's."""
    environment: tuple[Setting, ...] = ()
    command: str = ""
    healthcheck: Setting | None = None
    user: str = ""
    read_only: bool = False
    privileged: bool = False
    drops_all: bool = False
    """Whether it gives up all capabilities."""
    no_new_privileges: bool = False
    memory_limit: bool = False
    nofile: int | None = None
    """The soft limit of open files, where one is declared."""
    replicas: int = 1
    swarm: bool = False
    declared: bool = True
    """Whether everything about it is known: false where only its labels are."""
    service: str = ""
    """The name that others know it by on its networks: compose's service; its own name otherwise."""
    aliases: tuple[str, ...] = ()
    """Further names that it has on its networks."""
    published: tuple[Published, ...] = ()
    """The ports of the machine that lead to it."""
    inner_ports: tuple[tuple[int, int], ...] = ()
    """For a Kubernetes Service: its ports, and the pods' ports that they lead to."""
    extra_hosts: tuple[str, ...] = ()
    """The names that its own hosts file has an address for."""
    group: str = ""
    """The project or stack that it is declared in: its file."""
    closed: bool = False
    """Whether only what is declared beside it can be on its networks."""

    @property
    def name(self) -> str:
        """Its name."""
        return self.routing.name

    @property
    def location(self) -> Location:
        """Where it is declared."""
        return self.routing.location

    @property
    def release(self) -> tuple[str, str]:
        """The program of the table of versions that its image holds, and which version; each empty if not known."""
        labels = {label.key: label.value for label in self.routing.labels}
        return of_image(self.image, labels, {each.name: each.value for each in self.environment})

    @property
    def is_nginx(self) -> bool:
        """Whether its image says that it is nginx."""
        return bool(re.search(r"(^|[/_-])nginx([:@_-]|$)", self.image))

    @property
    def may_be_proxy(self) -> bool:
        """Whether it may pass requests on: its image says so, or does not say what it is."""
        return not self.image or bool(re.search(r"nginx|openresty|traefik|caddy|haproxy|envoy|httpd", self.image))

    @property
    def is_frontend(self) -> bool:
        """Whether it is frappe_docker's nginx, which passes Socket.IO's requests on to what `SOCKETIO` names."""
        return "nginx-entrypoint" in self.command or any(each.name == "SOCKETIO" for each in self.environment)

    @property
    def is_frappe(self) -> bool:
        """Whether it is one of Frappe's: by its image, its command or its variables."""
        return (
            bool(re.search(r"frappe|erpnext|raven", self.image))
            or self.is_socketio
            or self.is_frontend
            or any(each.name.startswith("FRAPPE_") for each in self.environment)
        )

    @property
    def is_socketio(self) -> bool:
        """Whether its command runs Frappe's realtime process."""
        return bool(
            re.search(r"socketio\.js|realtime/index\.js|frappe\.realtime|realtime/server\.js", self.command)
            or re.search(r"frappe[/-](?:frappe-)?socketio\b", self.image)
        )


@record
class Nginx:
    """One nginx configuration."""

    name: str
    tree: tuple[Directive, ...]
    location: Location
    runs_in: str = ""
    """The name of the container that it runs in, where that is known."""
    version: str = ""
    """nginx's, where it is known."""

    @cached_property
    def configuration(self) -> Configuration:
        """It, ready to be asked about requests."""
        return Configuration(self.tree, self.version)

    @cached_property
    def names_socketio(self) -> bool:
        """Whether a directive of it names Socket.IO."""
        return any("socket.io" in str(each) for top in self.tree for each in top.walk())

    def place(self, directive: Directive) -> Location:
        """Return where a directive of it stands."""
        return Location(directive.file or self.location.path, directive.line or None)

    def top(self, name: str) -> Directive | None:
        """Return a directive of the main context."""
        return next((directive for directive in self.tree if directive.name == name), None)


@record(eq=False)
class Placed:
    """A proxy of any kind, and the container that it runs in, where that is known."""

    proxy: Proxy
    runs_in: str = ""


@record
class BenchFile:
    """A bench's common_site_config.json, or a site's own site_config.json."""

    location: Location
    settings: tuple[Setting, ...]
    common: bool
    site: str = ""
    """The folder's name, where it is a site's own file."""

    def setting(self, name: str) -> Setting | None:
        """Return a setting by its key."""
        return next((each for each in self.settings if each.name == name), None)


@record
class Tunnel:
    """A public endpoint and what it leads to."""

    name: str
    port: int
    """The port on this machine."""
    location: Location
    host: str = ""
    """The Host header that it sends instead of the browser's."""


@record
class Source:
    """A file of a frontend or of the realtime process."""

    path: str
    text: str

    def line(self, position: int) -> Location:
        """Return the place of a position in the text."""
        return Location(self.path, self.text.count("\n", 0, position) + 1)


@record(eq=False)
class World:
    """All that is declared. Worlds add up with `of`."""

    containers: tuple[Container, ...] = ()
    nginx: tuple[Nginx, ...] = ()
    proxies: tuple[Placed, ...] = ()
    """Proxies that are neither nginx nor Traefik."""
    processes: tuple[Process, ...] = ()
    """What is started on the machine itself: by a Procfile, by systemd."""
    bench: tuple[BenchFile, ...] = ()
    clusters: tuple[Objects, ...] = ()
    """The objects of a Kubernetes cluster."""
    named: tuple[str, ...] = ()
    """The files that the user named, or that stand in a small folder that he named: judged even where nothing in them
    says Socket.IO."""
    traefik_files: tuple[Contribution, ...] = ()
    statics: tuple[Static, ...] = ()
    ports: tuple[Setting, ...] = ()
    """Places other than nginx and containers that name Socket.IO's port: the name says which, the value is the port."""
    tunnels: tuple[Tunnel, ...] = ()
    commands: tuple[Setting, ...] = ()
    variables: tuple[Setting, ...] = ()
    """What commands have in their environment."""
    texts: tuple[Setting, ...] = ()
    """Plain configuration that may hold what it must not: the name says what it is."""
    exposed: tuple[Setting, ...] = ()
    """What Pulumi knows in plain text and is meant to be secret: the name says what it is."""
    sources: tuple[Source, ...] = ()
    unknown: tuple[Setting, ...] = ()
    """What is not known yet: the name of the property, and why in the value."""
    misread: tuple[Setting, ...] = ()
    """What Traefik does not know in its files, and so does not take: the value is the reader's message."""
    passed_over: tuple[Setting, ...] = ()
    """Files of a folder that look as if they mattered and cannot be read: the value is the reader's message."""
    unreadable: tuple[Setting, ...] = ()
    """Configurations that cannot be read: the value is the reader's message."""
    versions: tuple[Setting, ...] = ()
    """What the user says of versions: the name is the program's."""
    app: str = ""
    """What the user says is behind the proxies: ``frappe`` or ``socketio``; empty to look for signs of it."""
    certificates: bool = False
    """Whether Traefik gets certificates from files."""

    @classmethod
    def of(cls, parts: Iterable[World]) -> World:
        """Put several worlds together."""
        listed = list(parts)
        joined = {
            each.name: tuple(item for part in listed for item in getattr(part, each.name))
            for each in fields(cls)
            if each.name not in {"certificates", "app"}
        }
        app = next((part.app for part in listed if part.app), "")
        return cls(**joined, app=app, certificates=any(part.certificates for part in listed))

    @classmethod
    def saying(cls, versions: Mapping[str, str]) -> World:
        """Return what the user says of versions, by the programs' names."""
        return cls(versions=tuple(Setting(name, value, Location("")) for name, value in versions.items()))

    @cached_property
    def table(self) -> Table:
        """What Traefik makes of it."""
        parts = [part for swarm in (False, True) if (part := self._provided(swarm))]
        entrypoints = [entrypoint for static in self.statics for entrypoint in static.entrypoints]
        given = next((each.default_syntax for each in self.statics if each.default_syntax != "v3"), "")
        syntax = given or language_of(self.version_of("traefik"))
        return assemble([*parts, *self.traefik_files], entrypoints, default_syntax=syntax, partial=not self.statics)

    def version_of(self, program: str) -> str:
        """Return the version that is said of a program, or that its image's tag names; empty where nothing does."""
        said = (each.value for each in self.versions if each.name == program)
        tags = (re.search(rf"(?:^|/){program}:([\w.-]+)", container.image) for container in self.containers)
        return next(said, "") or next((tag[1] for tag in tags if tag), "")

    def _provided(self, swarm: bool) -> Contribution | None:
        """Return what Traefik's docker or swarm provider gives. Containers that say nothing of Traefik are left out."""
        listed = [each.routing for each in self.containers if each.swarm is swarm and each.routing.speaks]
        if not listed:
            return None
        known = [settings for each in self.statics if (settings := each.swarm if swarm else each.docker)]
        return providers.contribution(listed, known[0] if known else SWARM if swarm else DOCKER)

    @cached_property
    def by_name(self) -> Mapping[str, tuple[Container, ...]]:
        """The containers by name; several stacks may have one of the same name."""
        found: dict[str, tuple[Container, ...]] = {}
        for each in self.containers:
            found[each.name] = (*found.get(each.name, ()), each)
        return found

    @property
    def command_lines(self) -> Iterator[str]:
        """What is run: by containers, and beside them."""
        yield from (command.value for command in self.commands)
        yield from (container.command for container in self.containers)

    def container(self, name: str) -> Container | None:
        """Return the (first) container of a name."""
        return next(iter(self.by_name.get(name, ())), None)

    def nginx_in(self, container: str) -> tuple[Nginx, ...]:
        """Return the configurations that are known to run in a container."""
        return tuple(each for each in self.nginx if container and each.runs_in == container)


@dataclass
class Reading:
    """A world being read: what was found, and what could not be read."""

    parts: list[World] = field(default_factory=list)
    problems: list[Setting] = field(default_factory=list)

    @property
    def world(self) -> World:
        """What was found, put together; what could not be read is in it too."""
        return World.of([*self.parts, World(unreadable=tuple(self.problems))])

    def refuse(self, problem: Problem | Unreadable, where: Location) -> None:
        """Keep what could not be read."""
        self.problems.append(Setting("unreadable", str(problem), where))
