"""Which hosts and paths nginx-proxy makes of the environment of containers.

Source: nginx-proxy's documentation ("Virtual Hosts and Ports", "Path-based Routing", "SSL Support") and its template.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.tunnels.document import Element, Kind, read_yaml
from raven_realtime.proxies.unreadable import Unreadable

Environment = Mapping[str, tuple[str, Location]]
"""Variables by name, each with its value and its place."""

MULTIPORTS = "VIRTUAL_HOST_MULTIPORTS"
LOADBALANCE_LABEL = "com.github.nginx-proxy.nginx-proxy.loadbalance"
KEEPALIVE_LABEL = "com.github.nginx-proxy.nginx-proxy.keepalive"


@record
class Container:
    """A container as nginx-proxy sees it."""

    name: str
    """By which the proxy's network knows it."""
    environment: Environment
    location: Location
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    exposed: tuple[int, ...] = ()
    """The ports that its image or its declaration exposes."""

    def value(self, variable: str) -> str:
        """Return a variable's value; empty without it."""
        return self.environment.get(variable, ("", self.location))[0].strip()

    def place(self, variable: str) -> Location:
        """Return where a variable stands; the container's place without it."""
        return self.environment.get(variable, ("", self.location))[1]


@record
class Server:
    """A container's port that requests go to."""

    container: Container
    port: int
    location: Location

    @property
    def address(self) -> str:
        """``name:port``."""
        return f"{self.container.name}:{self.port}"


@dataclass
class Path:
    """A path of a host."""

    path: str
    """As nginx's ``location`` has it: ``/``, ``/app/``, ``~^/(a|b)/``."""
    location: Location
    protocol: str = "http"
    destination: str = ""
    """What replaces the path on the way; empty where it stays."""
    servers: list[Server] = field(default_factory=list)

    def first(self, variable: str) -> str:
        """Return the first value that its containers give to a variable; empty without one."""
        return next((value for server in self.servers if (value := server.container.value(variable))), "")

    def label(self, label: str) -> str:
        """Return the first value of a label of its containers; empty without one."""
        return next((value for server in self.servers if (value := server.container.labels.get(label, ""))), "")


@dataclass
class VirtualHost:
    """A host name, with its paths."""

    name: str
    """As nginx's ``server_name`` has it: a name, ``*.example.com``, ``example.*``, ``~`` and a regular expression."""
    location: Location
    http_port: int
    https_port: int
    paths: dict[str, Path] = field(default_factory=dict)

    def first(self, variable: str) -> str:
        """Return the first value that its containers give to a variable; empty without one."""
        return next((value for path in self.paths.values() if (value := path.first(variable))), "")


def is_routed(environment: Environment) -> bool:
    """Tell whether a container asks nginx-proxy for a host."""
    return any(environment.get(name, ("",))[0].strip() for name in ("VIRTUAL_HOST", MULTIPORTS))


def hosts_of(containers: Iterable[Container], http_port: int, https_port: int) -> dict[str, VirtualHost]:
    """Return the hosts that containers ask for, by name; those of ``VIRTUAL_HOST_MULTIPORTS`` have the first word.

    Args:
        containers: The containers that nginx-proxy sees.
        http_port: The proxy's own port for HTTP.
        https_port: The proxy's own port for HTTPS.
    """
    known = list(containers)
    hosts: dict[str, VirtualHost] = {}
    for container in known:
        if container.value(MULTIPORTS):
            _several(container, hosts, http_port, https_port)
    for container in known:
        if not container.value(MULTIPORTS):
            _single(container, hosts, http_port, https_port)
    return hosts


def _single(container: Container, hosts: dict[str, VirtualHost], http_port: int, https_port: int) -> None:
    place = container.place("VIRTUAL_HOST")
    for name in filter(None, (part.strip() for part in container.value("VIRTUAL_HOST").split(","))):
        ports = (number(container.value("EXTERNAL_HTTP_PORT")), number(container.value("EXTERNAL_HTTPS_PORT")))
        host = hosts.setdefault(name, VirtualHost(name, place, ports[0] or http_port, ports[1] or https_port))
        path = host.paths.setdefault(
            container.value("VIRTUAL_PATH") or "/",
            Path(
                container.value("VIRTUAL_PATH") or "/",
                container.place("VIRTUAL_PATH") if container.value("VIRTUAL_PATH") else place,
                container.value("VIRTUAL_PROTO") or "http",
                container.value("VIRTUAL_DEST"),
            ),
        )
        given = number(container.value("VIRTUAL_PORT"))
        where = container.place("VIRTUAL_PORT") if given else place
        path.servers.append(Server(container, given or _default_port(container), where))


def _several(container: Container, hosts: dict[str, VirtualHost], http_port: int, https_port: int) -> None:
    place = container.place(MULTIPORTS)
    try:
        document = read_yaml(container.value(MULTIPORTS), place.path, place)
    except Unreadable:
        return  # nginx-proxy leaves the container out, with a comment in its configuration.
    for name, element in document.entries:
        ports = (number(element.string("external_http_port")), number(element.string("external_https_port")))
        host = hosts.setdefault(name, VirtualHost(name, place, ports[0] or http_port, ports[1] or https_port))
        for path, spec in _paths(element, place):
            entry = host.paths.setdefault(path, Path(path, place, spec.string("proto") or "http", spec.string("dest")))
            port = number(spec.string("port")) or _default_port(container)
            entry.servers.append(Server(container, port, place))


def _paths(element: Element, place: Location) -> Iterator[tuple[str, Element]]:
    if element.kind is not Kind.MAPPING or not element.entries:
        yield "/", Element(place)
    yield from ((path, spec) for path, spec in element.entries if path.startswith("/"))


def _default_port(container: Container) -> int:
    return container.exposed[0] if len(container.exposed) == 1 else 80


def number(text: str) -> int | None:
    """Read a port; None for a text that is none."""
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536 else None
