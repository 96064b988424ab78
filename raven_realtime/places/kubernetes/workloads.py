"""What runs pods: Deployments and the like, their containers, and what scales them.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from raven_realtime.places.kubernetes.fields import at, items, meta, number, plain, text, texts
from raven_realtime.proxies.ingress.objects import Meta, Text
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.elements import Element


@record
class Variable:
    """A variable of a container's environment."""

    name: str
    value: str
    """Empty where it comes from elsewhere."""
    location: Location
    config_map: str = ""
    """The ConfigMap that it comes from, and the key there; empty where it is written here or secret."""
    key: str = ""
    known: bool = True
    """Whether it is written here, or comes from a ConfigMap."""


@record
class ContainerPort:
    """A port that a container says it listens on."""

    number: int
    location: Location
    name: str = ""


@record
class Mount:
    """A ConfigMap as files in a container."""

    path: str
    config_map: str
    location: Location
    sub_path: str = ""
    """The one key that is mounted, by its path in the volume; empty for all."""
    keys: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """The keys that the volume has, and their file names; empty for all by their own names."""


@record
class Probe:
    """How it is told that a container is ready."""

    location: Location
    path: str = ""
    """Of an HTTP request; empty for a connection or a command."""
    port: str = ""
    """A number, or the name of the container's port."""


@record
class Container:
    """A container of a pod."""

    name: str
    location: Location
    image: Text | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    env_from: tuple[str, ...] = ()
    """The ConfigMaps whose keys are all variables."""
    ports: tuple[ContainerPort, ...] = ()
    ready: Probe | None = None
    mounts: tuple[Mount, ...] = ()


@record
class Workload:
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet or Pod."""

    meta: Meta
    labels: Mapping[str, str]
    """Of its pods."""
    containers: tuple[Container, ...] = ()
    replicas: int = 1
    replicas_location: Location | None = None
    """Where the number stands; None where it is not written."""
    owned: bool = False
    """Whether another object made it, as a Deployment makes ReplicaSets and those make Pods."""
    service: str = ""
    """The Service that names a StatefulSet's pods."""


@record
class Autoscaler:
    """A HorizontalPodAutoscaler."""

    meta: Meta
    kind: str
    target: str
    most: int
    location: Location
    """Where the highest number of replicas stands."""
    least: int = 1


def workload(root: Element) -> Workload:
    """Read what runs pods."""
    own = meta(root)
    template = root if own.kind == "Pod" else at(root, "spec", "template")
    spec = at(template, "spec")
    replicas = number(root, "spec", "replicas") if own.kind != "Pod" else None
    place = at(root, "spec", "replicas") if own.kind != "Pod" else None
    volumes = {text(volume, "name"): volume for volume in items(spec, "volumes")}
    return Workload(
        own,
        plain(template, "metadata", "labels"),
        tuple(_container(container, volumes) for container in items(spec, "containers")),
        1 if replicas is None else replicas,
        place.location if place else None,
        bool(items(root, "metadata", "ownerReferences")),
        text(root, "spec", "serviceName"),
    )


def _container(container: Element, volumes: Mapping[str, Element]) -> Container:
    image = at(container, "image")
    ready = at(container, "readinessProbe")
    ports = (
        ContainerPort(found, port.location, text(port, "name"))
        for port in items(container, "ports")
        if (found := number(port, "containerPort")) is not None
    )
    probed = at(ready, "httpGet") or at(ready, "tcpSocket")
    return Container(
        text(container, "name"),
        (at(container, "name") or container).location,
        Text(image.value or "", image.location) if image else None,
        texts(container, "command"),
        texts(container, "args"),
        tuple(_variable(variable) for variable in items(container, "env")),
        tuple(name for source in items(container, "envFrom") if (name := text(source, "configMapRef", "name"))),
        tuple(ports),
        Probe(ready.location, text(ready, "httpGet", "path"), text(probed, "port")) if ready else None,
        tuple(mounted for mount in items(container, "volumeMounts") if (mounted := _mount(mount, volumes)) is not None),
    )


def _variable(variable: Element) -> Variable:
    source = at(variable, "valueFrom")
    config = at(source, "configMapKeyRef")
    return Variable(
        text(variable, "name"),
        text(variable, "value"),
        (at(variable, "value") or variable).location,
        text(config, "name"),
        text(config, "key"),
        source is None or config is not None,
    )


def _mount(mount: Element, volumes: Mapping[str, Element]) -> Mount | None:
    volume = volumes.get(text(mount, "name"))
    name = text(volume, "configMap", "name")
    if not name:
        return None
    keys = {text(item, "key"): text(item, "path") for item in items(volume, "configMap", "items")}
    return Mount(text(mount, "mountPath"), name, mount.location, text(mount, "subPath"), MappingProxyType(keys))


def autoscaler(root: Element) -> Autoscaler:
    """Read what scales a workload."""
    most = at(root, "spec", "maxReplicas")
    own = meta(root)
    return Autoscaler(
        own,
        text(root, "spec", "scaleTargetRef", "kind"),
        text(root, "spec", "scaleTargetRef", "name"),
        number(root, "spec", "maxReplicas") or 1,
        most.location if most else own.location,
        number(root, "spec", "minReplicas") or 1,
    )
