"""The objects of a cluster that decide where a request goes: what the reader of manifests hands to the proxies.

Field names follow https://kubernetes.io/docs/reference/kubernetes-api/ in plain words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TypeVar

from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.elements import Element


@record
class Text:
    """A value that somebody wrote, and where."""

    value: str
    location: Location


@record
class Meta:
    """What every object has."""

    kind: str
    name: str
    location: Location
    """The line of its name."""
    namespace: str = ""
    """Empty where the manifest leaves it to whoever applies it."""
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    annotations: Mapping[str, Text] = field(default_factory=lambda: MappingProxyType({}))

    def annotation(self, name: str) -> str:
        """Return an annotation's value, without white space around it; empty without one."""
        found = self.annotations.get(name)
        return found.value.strip() if found else ""

    def line_of(self, name: str) -> Location:
        """Return where an annotation stands, or the object without one."""
        found = self.annotations.get(name)
        return found.location if found else self.location


@record
class Backend:
    """The Service (or something else) that a path leads to."""

    service: str
    location: Location
    port: int | None = None
    port_name: str = ""
    namespace: str = ""
    """Only where it is named: an Ingress leads to its own namespace."""
    weight: int = 1
    other: str = ""
    """The kind of what is not a Service."""


@record
class Path:
    """One path of an Ingress rule."""

    path: str
    kind: str
    """``Exact``, ``Prefix`` or ``ImplementationSpecific``."""
    backend: Backend
    location: Location


@record
class Rule:
    """A host of an Ingress (empty: any) and its paths."""

    host: str
    paths: tuple[Path, ...]
    location: Location


@record
class Ingress:
    """An Ingress."""

    meta: Meta
    class_name: str = ""
    """Of ``spec.ingressClassName``, or else of the annotation that it replaced."""
    class_location: Location | None = None
    rules: tuple[Rule, ...] = ()
    default: Backend | None = None
    tls: tuple[Text, ...] = ()
    """The hosts that ``spec.tls`` lists."""
    tls_all: bool = False
    """Whether ``spec.tls`` has an entry without hosts."""


@record
class IngressClass:
    """An IngressClass: which controller has the Ingress objects that name it."""

    meta: Meta
    controller: str
    is_default: bool = False


@record
class ServicePort:
    """A port of a Service."""

    port: int
    location: Location
    name: str = ""
    target: str = ""
    """The pods' port: a number or the name of a container's port; empty: the same number."""
    node_port: int | None = None
    app_protocol: str = ""


@record
class Service:
    """A Service."""

    meta: Meta
    selector: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    ports: tuple[ServicePort, ...] = ()
    type: str = "ClusterIP"
    by_address: Location | None = None
    """Where ``sessionAffinity: ClientIP`` stands."""
    headless: bool = False
    external_name: str = ""

    def port(self, number: int | None, name: str = "") -> ServicePort | None:
        """Find a port by its number, or by its name."""
        return next((port for port in self.ports if (port.name == name if name else port.port == number)), None)


@record
class ConfigMap:
    """A ConfigMap: files, or settings, by key."""

    meta: Meta
    data: Mapping[str, Text]
    """The location is the line on which the value begins, so that a line of the file inside can be named."""


@record
class Custom:
    """An object of a kind that its own controller defines: Traefik's, GKE's."""

    meta: Meta
    spec: Element


@record
class Parent:
    """The Gateway that a route attaches to."""

    name: str
    location: Location
    namespace: str = ""
    section: str = ""
    port: int | None = None
    kind: str = "Gateway"


@record
class NamedMatch:
    """A header or query parameter that a route asks for."""

    name: str
    value: str
    regular: bool = False


@record
class Match:
    """What one match of a route's rule asks for: all of it."""

    location: Location
    path: str = "/"
    path_kind: str = "PathPrefix"
    method: str = ""
    headers: tuple[NamedMatch, ...] = ()
    queries: tuple[NamedMatch, ...] = ()


@record
class Filter:
    """A filter of a route's rule or backend."""

    kind: str
    spec: Element


@record
class RouteRule:
    """A rule of an HTTPRoute."""

    location: Location
    matches: tuple[Match, ...] = ()
    filters: tuple[Filter, ...] = ()
    backends: tuple[tuple[Backend, tuple[Filter, ...]], ...] = ()
    request_timeout: str = ""
    backend_timeout: str = ""
    persistence: str = ""
    """``Cookie`` or ``Header``; empty without session persistence."""
    persistence_name: str = ""


@record
class Route:
    """An HTTPRoute of the Gateway API."""

    meta: Meta
    hostnames: tuple[Text, ...] = ()
    parents: tuple[Parent, ...] = ()
    rules: tuple[RouteRule, ...] = ()


@record
class GatewayListener:
    """A listener of a Gateway."""

    name: str
    port: int
    protocol: str
    location: Location
    hostname: str = ""
    passthrough: bool = False


@record
class Gateway:
    """A Gateway of the Gateway API."""

    meta: Meta
    class_name: str
    listeners: tuple[GatewayListener, ...] = ()


@record
class GatewayClass:
    """A GatewayClass: which controller has the Gateways that name it."""

    meta: Meta
    controller: str


R = TypeVar("R", bound="Resources")


@record
class Resources:
    """All objects that decide where a request goes."""

    ingresses: tuple[Ingress, ...] = ()
    classes: tuple[IngressClass, ...] = ()
    services: tuple[Service, ...] = ()
    config_maps: tuple[ConfigMap, ...] = ()
    routes: tuple[Route, ...] = ()
    gateways: tuple[Gateway, ...] = ()
    gateway_classes: tuple[GatewayClass, ...] = ()
    custom: tuple[Custom, ...] = ()

    def service(self, name: str, namespace: str = "") -> Service | None:
        """Find a Service; a namespace that is not written fits any."""
        named = [service for service in self.services if service.meta.name == name]
        same = [service for service in named if service.meta.namespace == namespace]
        near = [service for service in named if not namespace or not service.meta.namespace]
        return next(iter(same or near), None)

    def host(self, name: str, namespace: str = "") -> str:
        """Return how a Service is called here: its name, with its namespace where several have that name."""
        spaces = {service.meta.namespace for service in self.services if service.meta.name == name}
        return f"{name}.{namespace}" if namespace and len(spaces) > 1 else name

    def of_kind(self, kind: str, name: str = "", namespace: str = "") -> Iterable[Custom]:
        """List the objects of a controller's own kind; those of one name where it is given."""
        return [
            custom
            for custom in self.custom
            if custom.meta.kind == kind
            and name in ("", custom.meta.name)
            and (not namespace or not custom.meta.namespace or custom.meta.namespace == namespace)
        ]
