"""Routers from the labels of containers and Swarm services, as Traefik's docker and swarm providers make them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.dynamic import FieldError, Http, http_of
from raven_realtime.proxies.traefik.elements import Element, Label, Misread, label_element
from raven_realtime.proxies.traefik.table import Contribution, Dropped, Middleware, Router, Server, Service
from raven_realtime.proxies.unreadable import Unreadable

_DYNAMIC = ("traefik.http", "traefik.tcp", "traefik.udp", "traefik.tls.stores.default")
_TRUE = frozenset(["1", "t", "T", "true", "TRUE", "True"])
_ENABLE = {text: text in _TRUE for text in [*_TRUE, *["0", "f", "F", "false", "FALSE", "False"]]}


@record
class Container:
    """A container, or a Swarm service, as far as it decides routing."""

    name: str
    labels: tuple[Label, ...]
    location: Location
    id: str = ""
    status: str = ""
    """Docker's word, such as `running`; empty where it is not known or does not apply."""
    health: str = ""
    """`healthy`, `unhealthy`, `starting`; empty without a health check."""
    networks: Mapping[str, str] | None = None
    """The address on each network (empty where not known); None where the networks are not known."""
    network_mode: str = ""
    ports: tuple[int, ...] | None = None
    """The ports it exposes; None where they are not known (those of an image that was not inspected)."""
    misplaced: Location | None = None
    """Where a Swarm service has labels for Traefik that Docker gives to its containers, not to the service."""

    def label(self, key: str) -> str:
        """Return a label's value, empty without one."""
        return next((label.value for label in self.labels if label.key == key), "")

    @property
    def speaks(self) -> bool:
        """Whether it says anything to Traefik."""
        return self.misplaced is not None or any(label.key.lower().startswith("traefik.") for label in self.labels)


@record
class ProviderSettings:
    """What Traefik's static configuration says about its docker or swarm provider."""

    exposed_by_default: bool = True
    default_rule: str = "Host(`{{ normalize .Name }}`)"
    network: str = ""
    allow_empty_services: bool = False
    swarm: bool = False
    endpoint: str = ""
    """The Docker that it asks; empty for the machine's own."""

    @property
    def provider(self) -> str:
        """The provider's name."""
        return "swarm" if self.swarm else "docker"


DOCKER = ProviderSettings()
SWARM = ProviderSettings(swarm=True)


class _Skip(Unreadable):
    """Why a container gives nothing."""


def contribution(containers: Iterable[Container], settings: ProviderSettings = DOCKER) -> Contribution:
    """Make what Traefik makes of the containers it sees.

    A container whose labels it cannot read, that is switched off, not running or not healthy gives nothing; neither do
    routers, services and middlewares that two containers define differently. All of these are listed as dropped, with
    the reason.

    Args:
        containers: All that run on the Docker host, or all of a stack.
        settings: Of Traefik's provider.
    """
    dropped: list[Dropped] = []
    parts: list[tuple[str, Container, Http]] = []
    for container in containers:
        try:
            parts.append((f"{service_name(container)}-{container.id}", container, _http(container, settings, dropped)))
        except Misread as misread:
            why = f"{misread} Traefik ignores the whole container."
            dropped.append(Dropped(container.name, why, misread.location))
        except _Skip as skipped:
            dropped.append(Dropped(container.name, str(skipped), container.location))
    parts.sort(key=lambda part: part[0])
    routers = _Merged[Router]("router", lambda router: router, _one_router)
    services = _Merged[Service]("service", lambda service: replace(service, servers=()), _one_service)
    middlewares = _Merged[Middleware]("middleware", lambda middleware: middleware, lambda same: same[0])
    for _, _, http in parts:
        for service in http.services:
            services.add(service)
        for router in http.routers:
            routers.add(router)
        for middleware in http.middlewares:
            middlewares.add(middleware)
    for merged in (routers, services, middlewares):
        dropped += merged.conflicts()
    return Contribution(settings.provider, routers.kept(), services.kept(), middlewares.kept(), tuple(dropped))


def service_name(container: Container) -> str:
    """Return the name that Traefik gives the service and router of a container that names none."""
    project, service = (container.label(f"com.docker.compose.{part}") for part in ("project", "service"))
    return normalize(f"{service}_{project}" if project and service else container.name)


def normalize(name: str) -> str:
    """Join the letters and digits of a name by hyphens, as Traefik's template function does."""
    return "-".join(filter(None, re.split(r"[^\w]|_", name)))


def _http(container: Container, settings: ProviderSettings, dropped: list[Dropped]) -> Http:
    if container.misplaced:
        raise FieldError(
            container.misplaced, "these labels are the containers'; a service's stand under deploy.labels."
        )
    own = label_element(container.labels, ("traefik.docker.", "traefik.swarm.", "traefik.enable"))
    if not _enabled(own, settings):
        raise _Skip(
            "the label traefik.enable is not true" if not settings.exposed_by_default else "traefik.enable is false"
        )
    _check_state(container, own, settings)
    network = _network(own, settings)
    root = label_element(container.labels, _DYNAMIC)
    http = http_of(root, labels=True, owner=container.name) if root else Http()
    if http.other_protocols and not (http.routers or http.services or http.middlewares):
        return Http()
    name = service_name(container)
    services = http.services or (Service(name, location=container.location, owners=(container.name,)),)
    services = tuple(_served(service, container, network) for service in services)
    routers = http.routers
    if not routers:
        if len(services) > 1:
            dropped.append(Dropped(container.name, "it defines several services and no router", container.location))
        else:
            routers = (Router(name, "", location=container.location, owners=(container.name,)),)
    finished: list[Router] = []
    for router in routers:
        try:
            finished.append(_finished(router, services, container, settings))
        except _Skip as skipped:
            dropped.append(Dropped(router.name, str(skipped), router.location))
    return Http(tuple(finished), services, http.middlewares)


def _enabled(own: Element | None, settings: ProviderSettings) -> bool:
    enable = own.get("enable") if own else None
    if enable is None:
        return settings.exposed_by_default
    if (enable.value or "") not in _ENABLE:
        raise FieldError(enable.location, f"the label traefik.enable is {enable.value!r}; true or false is accepted.")
    return _ENABLE[enable.value or ""]


def _check_state(container: Container, own: Element | None, settings: ProviderSettings) -> None:
    allowed = own.path("docker", "allowNonRunning") if own and not settings.swarm else None
    if allowed and _ENABLE.get(allowed.value or ""):
        return
    if container.status not in {"", "running"}:
        raise _Skip(f"the container is {container.status}, not running")
    if container.health not in {"", "healthy", "none"} and not settings.allow_empty_services:
        raise _Skip(f"the container's health check says {container.health}; Traefik routes to it once it is healthy")


def _network(own: Element | None, settings: ProviderSettings) -> str:
    docker = own.get("docker") if own else None
    swarm = own.get("swarm") if own else None
    if settings.swarm and docker and swarm:
        raise FieldError(swarm.location, "labels traefik.docker.* and traefik.swarm.* exclude each other.")
    named = (settings.swarm and swarm and swarm.get("network")) or (docker and docker.get("network"))
    return (named.value or "") if named else settings.network


def _served(service: Service, container: Container, network: str) -> Service:
    """Fill in the server that the container is."""
    if container.status not in {"", "running"} or container.health not in {"", "healthy", "none"}:
        return service
    server = service.servers[0] if service.servers else Server()
    if server.url:
        if server.scheme or server.port:
            raise _Skip(f"service {service.name} sets a URL and a scheme or port as well")
        return service
    if service.kind != "loadBalancer":
        raise _Skip(f"service {service.name}: load-balancer is not defined")
    port = server.port or (str(min(container.ports)) if container.ports else "")
    if not port and container.ports is not None:
        raise _Skip(
            f"service {service.name}: no port: the container exposes none and no label …loadbalancer.server.port is set"
        )
    if container.networks is not None and not container.networks and container.network_mode != "host":
        raise _Skip(f"service {service.name}: the container is on no network, so it has no address")
    scheme = server.scheme or "http"
    address = _address(container, network)
    url = f"{scheme}://{address}:{port}" if address and port else ""
    return replace(service, servers=(Server(url, scheme, port), *service.servers[1:]))


def _address(container: Container, network: str) -> str:
    networks = container.networks or {}
    address = networks.get(network) or next(iter(networks.values()), "")
    if container.network_mode == "host" and network not in networks:
        return "127.0.0.1"
    return f"[{address}]" if ":" in address else address


def doubtful_network(container: Container, settings: ProviderSettings = DOCKER) -> str:
    """Tell why it is not certain over which network Traefik reaches a container; empty when it is.

    Raises:
        Unreadable: If the container's labels cannot be read.
    """
    own = label_element(container.labels, ("traefik.docker.", "traefik.swarm."))
    network = _network(own, settings)
    networks = container.networks or {}
    if network and container.networks is not None and network not in networks:
        listed = ", ".join(sorted(networks)) or "none"
        return f"the network {network} that Traefik should use is not one of the container's networks: {listed}"
    if not network and len(networks) > 1:
        listed = ", ".join(sorted(networks))
        return f"on several networks ({listed}) without traefik.docker.network: Traefik takes any of them"
    return ""


def _finished(
    router: Router, services: tuple[Service, ...], container: Container, settings: ProviderSettings
) -> Router:
    """Fill in the rule and the service of a router that leaves them out."""
    if not router.rule:
        rule = _default_rule(container, settings.default_rule)
        router = replace(router, rule=rule, default_rule=True)
    if not router.service:
        if len(services) > 1:
            names = ", ".join(service.name for service in services)
            raise _Skip(f"the container has several services ({names}) and the router does not say which")
        router = replace(router, service=services[0].name)
    return router


_ACTION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL)
_VALUE = re.compile(
    r'(?:(normalize)\s+)?(?:\.(Name|ContainerName)|\(?index\s+\.Labels\s+["`]([^"`]+)["`]\)?)(?:\s*\|\s*(normalize))?\Z'
)


def _default_rule(container: Container, template: str) -> str:
    def action(found: re.Match[str]) -> str:
        value = _VALUE.match(found[1])
        if not value:
            raise _Skip(
                f"the default rule's {found[0]} is a template that is not evaluated here; give the router a rule"
            )
        before, name, label, after = value.groups()
        text = container.label(label) if label else service_name(container) if name == "Name" else container.name
        return normalize(text) if before or after else text

    rule = _ACTION.sub(action, template)
    if not rule:
        raise _Skip("the router has no rule, and the provider's default rule is empty")
    return rule


H = TypeVar("H", bound=Hashable)
T = TypeVar("T", bound=Router | Service | Middleware)


class _Merged(Generic[T]):
    """Things of one kind by name; a name that is defined differently twice is given up."""

    def __init__(self, kind: str, compared: Callable[[T], T], united: Callable[[list[T]], T]) -> None:
        self._kind = kind
        self._compared = compared
        self._united = united
        self._found: dict[str, list[T]] = {}
        self._differing: dict[str, T] = {}

    def add(self, one: T) -> None:
        """Take one in."""
        same = self._found.setdefault(one.name, [])
        if same and self._compared(same[0]) != self._compared(one):
            self._differing.setdefault(one.name, one)
        same.append(one)

    def kept(self) -> tuple[T, ...]:
        """Return those that are defined once, or alike."""
        return tuple(self._united(same) for name, same in self._found.items() if name not in self._differing)

    def conflicts(self) -> list[Dropped]:
        """Return those that are given up."""
        conflicts = []
        for name, other in self._differing.items():
            places = " and ".join(str(one.location) for one in (self._found[name][0], other))
            why = f"the {self._kind} is defined differently in two places, so Traefik drops it: {places}"
            conflicts.append(Dropped(name, why, other.location))
        return conflicts


def _one_router(same: list[Router]) -> Router:
    return replace(same[0], owners=_in_order(owner for router in same for owner in router.owners))


def _one_service(same: list[Service]) -> Service:
    owners = _in_order(owner for service in same for owner in service.owners)
    return replace(same[0], servers=_in_order(server for service in same for server in service.servers), owners=owners)


def _in_order(things: Iterable[H]) -> tuple[H, ...]:
    return tuple(dict.fromkeys(things))
