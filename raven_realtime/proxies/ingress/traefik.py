"""Traefik in a cluster: its table of routers from Ingress objects and from its own resources.

https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/ingress/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from raven_realtime.proxies.ingress import crds
from raven_realtime.proxies.ingress.backends import service_of
from raven_realtime.proxies.ingress.objects import Backend, Ingress, Meta, Path, Resources
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.dynamic import Http, http_of
from raven_realtime.proxies.traefik.elements import Misread
from raven_realtime.proxies.traefik.proxy import Traefik
from raven_realtime.proxies.traefik.static import Static
from raven_realtime.proxies.traefik.table import (
    Contribution,
    Dropped,
    EntryPoint,
    Router,
    Server,
    Service,
    Table,
    Tls,
    assemble,
)

PREFIX = "traefik.ingress.kubernetes.io/"
PROVIDER = "kubernetes"
_USUAL = (EntryPoint("web", ":80"), EntryPoint("websecure", ":443", tls=Tls()))
"""The entrypoints of Traefik's own chart, by the ports that its Service has."""
_LOWEST = -(2**31)


def table(resources: Resources, ingresses: tuple[Ingress, ...], static: Static | None = None) -> Table:
    """Return all routers, services and middlewares that Traefik makes of a cluster's objects.

    Args:
        resources: All objects.
        ingresses: The Ingress objects that Traefik has.
        static: Its static configuration, where it is known; its chart's entrypoints otherwise.
    """
    own = _custom(resources)
    of_ingresses = Contribution(PROVIDER, *_of_ingresses(resources, ingresses))
    entrypoints = static.entrypoints if static and static.entrypoints else _USUAL
    if not static:
        known = {entrypoint.name for entrypoint in entrypoints}
        named = {name for part in (own, of_ingresses) for router in part.routers for name in router.entrypoints}
        entrypoints += tuple(EntryPoint(name) for name in sorted(named - known))
    made = assemble([own, of_ingresses], entrypoints, default_syntax=static.default_syntax if static else "v3")
    # what these files do not define may be defined in others: nothing counts as missing
    return replace(made, providers=frozenset())


def _custom(resources: Resources) -> Contribution:
    parts: list[Http] = []
    dropped: list[Dropped] = []
    for meta, root in crds.dynamic(resources):
        try:
            parts.append(http_of(root, labels=False, owner=meta.name))
        except Misread as error:
            dropped.append(Dropped(meta.name, str(error), error.location))
    return Contribution(
        crds.PROVIDER,
        tuple(router for part in parts for router in part.routers),
        tuple(service for part in parts for service in part.services),
        tuple(middleware for part in parts for middleware in part.middlewares),
        tuple(dropped),
    )


def _of_ingresses(
    resources: Resources, ingresses: tuple[Ingress, ...]
) -> tuple[tuple[Router, ...], tuple[Service, ...]]:
    routers: list[Router] = []
    services: dict[str, Service] = {}
    for ingress in ingresses:
        for rule in ingress.rules:
            for path in rule.paths:
                service = _service(resources, ingress.meta, path.backend)
                services.setdefault(service.name, service)
                name = re.sub(r"[^a-z0-9]+", "-", f"{ingress.meta.name}-{rule.host}-{path.path}".lower()).strip("-")
                qualified = f"{crds.space(ingress.meta)}-{name}"
                asked = _rule(rule.host, path, ingress)
                routers.append(
                    _router(resources, ingress, qualified, rule=asked, location=path.location, service=service)
                )
        if ingress.default:
            service = _service(resources, ingress.meta, ingress.default)
            services.setdefault(service.name, service)
            name = f"{crds.space(ingress.meta)}-{ingress.meta.name}-default"
            place = ingress.default.location
            router = _router(resources, ingress, name, rule="PathPrefix(`/`)", location=place, service=service)
            routers.append(replace(router, priority=_LOWEST))
    return tuple(routers), tuple(services.values())


def _rule(host: str, path: Path, ingress: Ingress) -> str:
    matcher = "PathPrefix"
    if path.kind == "Exact":
        matcher = "Path"
    elif path.kind == "ImplementationSpecific":
        matcher = ingress.meta.annotation(PREFIX + "router.pathmatcher") or matcher
    parts = []
    if host.startswith("*."):
        parts.append(rf"HostRegexp(`^[a-zA-Z0-9-]+\.{re.escape(host[2:])}$`)")
    elif host:
        parts.append(f"Host(`{host}`)")
    if path.path and not (path.path == "/" and host and matcher == "PathPrefix"):
        parts.append(f"{matcher}(`{path.path}`)")
    return " && ".join(parts) or "PathPrefix(`/`)"


def _router(
    resources: Resources, ingress: Ingress, name: str, *, rule: str, location: Location, service: Service
) -> Router:
    note = ingress.meta.annotation
    priority = note(PREFIX + "router.priority")
    tls = note(PREFIX + "router.tls").lower() == "true" or note(PREFIX + "router.tls.certresolver")
    return Router(
        name,
        rule,
        service.name,
        _listed(note(PREFIX + "router.entrypoints")),
        int(priority) if re.fullmatch("[0-9]{1,9}", priority) else 0,
        tls=Tls(note(PREFIX + "router.tls.certresolver")) if tls else None,
        middlewares=tuple(_known(name, resources) for name in _listed(note(PREFIX + "router.middlewares"))),
        location=location,
        owners=(ingress.meta.name,),
    )


def _known(name: str, resources: Resources) -> str:
    """Return a middleware's name as the table has it: its manifest may leave the namespace to whoever applies it."""
    plain, _, provider = name.partition("@")
    if provider == crds.PROVIDER:
        for found in resources.of_kind("Middleware"):
            if not found.meta.namespace and plain.endswith("-" + found.meta.name):
                return f"{crds.space(found.meta)}-{found.meta.name}@{provider}"
    return name


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _service(resources: Resources, meta: Meta, backend: Backend) -> Service:
    server = crds.server(resources, backend, meta.namespace)
    found = service_of(resources, backend, meta.namespace)

    def note(name: str) -> str:
        return found.meta.annotation(PREFIX + name) if found else ""

    port = found.port(backend.port, backend.port_name) if found else None
    secure = backend.port == 443 or (port is not None and (port.port == 443 or port.name.startswith("https")))
    scheme = crds.scheme_of(note("service.serversscheme"), secure=secure)
    sticky = note("service.sticky.cookie").lower() == "true" or note("service.sticky.cookie.name")
    return Service(
        f"{crds.space(meta)}-{backend.service}-{backend.port or backend.port_name}",
        servers=(Server(f"{scheme}://{server}"),),
        sticky=note("service.sticky.cookie.name") if sticky else None,
        pass_host_header=note("service.passhostheader").lower() != "false",
        location=backend.location,
    )


def traefik(resources: Resources, ingresses: tuple[Ingress, ...], static: Static | None = None) -> Iterator[Traefik]:
    """Make the proxy of a Traefik, if any object is for one.

    Args:
        resources: All objects.
        ingresses: The Ingress objects that Traefik has.
        static: Its static configuration, where it is known.
    """
    own = [custom.meta for custom in resources.custom if custom.meta.kind == "IngressRoute"]
    first = next(iter([*own, *(ingress.meta for ingress in ingresses)]), None)
    if first:
        yield Traefik(first.location.path, table(resources, ingresses, static), first.location)
