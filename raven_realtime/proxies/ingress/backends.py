"""The servers behind a rule: Services, by their names and ports."""

from __future__ import annotations

import re

from raven_realtime.proxies.ingress.objects import Backend, Resources, Service
from raven_realtime.proxies.interface import Answered, Undecided

NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,252}[A-Za-z0-9])?")
"""What a Service, or a host that one stands for, can be called."""
CONTROLLER = "10.244.0.10"
"""The address that a controller's connections come from: a pod's, which one is not known; this one stands for it."""


def service_of(resources: Resources, backend: Backend, namespace: str) -> Service | None:
    """Find the Service that a backend names."""
    return resources.service(backend.service, backend.namespace or namespace)


def address(resources: Resources, backend: Backend, namespace: str) -> str | Answered | Undecided:
    """Return ``NAME:PORT`` of the Service that a backend names.

    Returns:
        Answered where the Service has no such port (the controllers answer 503 then), Undecided where the Service is
        not known and its port is given by a name.
    """
    if backend.other:
        return Undecided(f"it leads to a {backend.other}, not to a Service", backend.location)
    if not NAME.fullmatch(backend.service):
        return Undecided(f"{backend.service!r} is no name that a Service can have", backend.location)
    service = service_of(resources, backend, namespace)
    host = resources.host(backend.service, backend.namespace or (service.meta.namespace if service else namespace))
    if service is None:
        if backend.port is None:
            port = f"the port {backend.port_name!r}" if backend.port_name else "the port"
            return Undecided(
                f"the Service {backend.service!r} is not in these files, so {port} of it is not known",
                backend.location,
            )
        return f"{host}:{backend.port}"
    if service.external_name and not NAME.fullmatch(service.external_name):
        return Undecided(f"{service.external_name!r} is no name of a host", service.meta.location)
    if service.external_name and not service.ports:
        return f"{service.external_name}:{backend.port or 80}"
    if backend.port is None and not backend.port_name and len(service.ports) == 1:
        port_found = service.ports[0]
    else:
        found = service.port(backend.port, backend.port_name)
        if found is None:
            wanted = repr(backend.port_name) if backend.port_name else backend.port
            return Answered(503, f"the Service {backend.service!r} has no port {wanted}", backend.location)
        port_found = found
    return f"{service.external_name or host}:{port_found.port}"


def port_number(to: tuple[str, ...]) -> int | None:
    """Return the port that all addresses have in common."""
    ports = {address.rpartition(":")[2] for address in to}
    port = next(iter(ports)) if len(ports) == 1 else ""
    return int(port) if port.isascii() and port.isdigit() and len(port) < 6 else None
