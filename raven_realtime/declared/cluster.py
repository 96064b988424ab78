"""The world of a Kubernetes cluster: its ways in, and what its Services lead to."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.declared import texts
from raven_realtime.declared.world import Container, Placed, Setting, World
from raven_realtime.places.container import Published
from raven_realtime.places.kubernetes.objects import Objects
from raven_realtime.proxies.ingress.objects import Service
from raven_realtime.proxies.ingress.read import proxies
from raven_realtime.proxies.traefik import containers as providers

_OUTSIDE = frozenset({"LoadBalancer", "NodePort"})
"""The types of Services that clients outside the cluster reach by themselves."""


def world_of(objects: Objects) -> World:
    """Return what the objects of a cluster declare.

    A Service stands in the world as a container: it has a name that others know, ports, and so many copies.

    Raises:
        Unreadable: a configuration that a ConfigMap holds is malformed.
    """
    parts = [World(clusters=(objects,), proxies=tuple(Placed(proxy) for proxy in proxies(objects)))]
    parts += [part for service in objects.services for part in _service(objects, service)]
    return World.of(parts)


def _service(objects: Objects, service: Service) -> Iterator[World]:
    name, place = service.meta.name, service.meta.location
    ports = [(port.port, inner) for port in service.ports if (inner := objects.target_port(service, port))]
    routing = providers.Container(name, (), place, ports=tuple(inner for _, inner in ports))
    image, command, image_at = "", "", None
    environment: tuple[Setting, ...] = ()
    first = next((found for port in service.ports if (found := objects.container_of(service, port))), None)
    if first:
        workload, container = first
        image, image_at = (container.image.value, container.image.location) if container.image else ("", None)
        command = " ".join([*container.command, *container.args])
        environment = tuple(
            Setting(key, said.value, said.location) for key, said in objects.environment(workload, container).items()
        )
        for path, said in objects.files(workload, container).items():
            if "nginx" in path and (part := texts.read(said.value, f"{said.location.path} ({path})", runs_in=name)):
                yield part
    replicas = objects.replicas_of(service)
    yield World(
        containers=(
            Container(
                routing,
                image=image,
                image_at=image_at,
                environment=environment,
                command=command,
                replicas=1 if replicas is None else replicas,
                declared=False,
                service=name,
                inner_ports=tuple(ports),
                published=tuple(Published(port, inner, place) for port, inner in ports if service.type in _OUTSIDE),
                group=place.path,
            ),
        )
    )
