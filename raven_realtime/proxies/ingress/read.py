"""The proxies that a cluster's objects make: one for each controller, load balancer or Gateway."""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.proxies.ingress import annotations as known
from raven_realtime.proxies.ingress.alb import PREFIX as ALB_PREFIX
from raven_realtime.proxies.ingress.alb import Alb
from raven_realtime.proxies.ingress.annotations import controller_of
from raven_realtime.proxies.ingress.community import IngressNginx
from raven_realtime.proxies.ingress.f5 import NginxIngress
from raven_realtime.proxies.ingress.gateway import gateways
from raven_realtime.proxies.ingress.gce import Gce
from raven_realtime.proxies.ingress.objects import Ingress, Resources
from raven_realtime.proxies.ingress.traefik import traefik
from raven_realtime.proxies.ingress.unfollowed import Unfollowed
from raven_realtime.proxies.interface import Proxy
from raven_realtime.proxies.traefik.static import Static

_Key = tuple[str, str, str]


def proxies(resources: Resources, static: Static | None = None) -> tuple[Proxy, ...]:
    """Return all ways in: Ingress objects by their controllers, Traefik's own resources, Gateways.

    Args:
        resources: All objects that are known, of all files: an Ingress in one leads to a Service in another.
        static: Traefik's static configuration, where its Deployment's arguments are known; its chart's entrypoints
            otherwise.
    """
    return tuple(_proxies(resources, static))


def _proxies(resources: Resources, static: Static | None) -> Iterator[Proxy]:
    groups: dict[_Key, tuple[list[Ingress], list[str]]] = {}
    for ingress in resources.ingresses:
        chosen = controller_of(ingress, resources)
        ingresses, assumed = groups.setdefault(_key(chosen.controller, ingress), ([], []))
        ingresses.append(ingress)
        if chosen.assumed and chosen.assumed not in assumed:
            assumed.append(chosen.assumed)
    of_traefik: list[Ingress] = []
    for (controller, _, _), (ingresses, assumed) in groups.items():
        if controller == known.TRAEFIK:
            of_traefik += ingresses
        else:
            yield _proxy(controller, tuple(ingresses), resources, tuple(assumed))
    yield from traefik(resources, tuple(of_traefik), static)
    yield from gateways(resources)


def _key(controller: str, ingress: Ingress) -> _Key:
    """Tell which Ingress objects make one proxy: all of a class, a group of ALB's, each one of GCE's."""
    if controller == known.ALB and (group := ingress.meta.annotation(ALB_PREFIX + "group.name")):
        return controller, "group", group
    if controller in (known.ALB, known.GCE):
        return controller, ingress.meta.namespace, ingress.meta.name
    return controller, "class", ingress.class_name


def _proxy(controller: str, ingresses: tuple[Ingress, ...], resources: Resources, assumed: tuple[str, ...]) -> Proxy:
    first = ingresses[0].meta
    name, location = first.location.path, first.location
    match controller:
        case known.COMMUNITY:
            return IngressNginx(name, location, ingresses, resources, assumed)
        case known.F5:
            return NginxIngress(name, location, ingresses, resources, assumed)
        case known.ALB:
            return Alb(name, location, ingresses, resources, assumed)
        case known.GCE:
            return Gce(name, location, ingresses[0], resources, assumed)
    why = assumed[0] if assumed else f"what the controller {controller} does with a request is not followed here"
    return Unfollowed(controller or "ingress", name, location, ingresses, why)
