"""Which controller an Ingress belongs to, and which annotations that controller reads.

https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-class: a controller takes the objects of its
class. What stands below ``metadata.annotations`` is each controller's own: nobody complains of another one's.
"""

from __future__ import annotations

from raven_realtime.proxies.ingress.objects import Ingress, Resources
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

COMMUNITY = "ingress-nginx"
"""https://kubernetes.github.io/ingress-nginx/: the community's controller (retired in March 2026)."""
F5 = "nginx-ingress"
"""https://docs.nginx.com/nginx-ingress-controller/: F5's controller."""
TRAEFIK = "traefik"
ALB = "alb"
GCE = "gce"
HAPROXY = "haproxy-ingress"
OTHER = ""

PREFIXES: tuple[tuple[str, str], ...] = (
    ("nginx.ingress.kubernetes.io/", COMMUNITY),
    ("nginx.org/", F5),
    ("nginx.com/", F5),
    ("traefik.ingress.kubernetes.io/", TRAEFIK),
    ("alb.ingress.kubernetes.io/", ALB),
    ("networking.gke.io/", GCE),
    ("cloud.google.com/", GCE),
    ("ingress.gcp.kubernetes.io/", GCE),
    ("haproxy-ingress.github.io/", HAPROXY),
    ("haproxy.org/", HAPROXY),
    ("ingress.kubernetes.io/", HAPROXY),
    ("konghq.com/", "kong"),
    ("projectcontour.io/", "contour"),
    ("appgw.ingress.kubernetes.io/", "azure-application-gateway"),
)
"""Who reads the annotations that begin so. Others, as ``cert-manager.io/``, are no controller's own."""

_CONTROLLERS = {
    "k8s.io/ingress-nginx": COMMUNITY,
    "nginx.org/ingress-controller": F5,
    "traefik.io/ingress-controller": TRAEFIK,
    "ingress.k8s.aws/alb": ALB,
    "eks.amazonaws.com/alb": ALB,
    "haproxy-ingress.github.io/controller": HAPROXY,
    "ingress-controllers.konghq.com/kong": "kong",
    "projectcontour.io/ingress-controller": "contour",
    "azure/application-gateway": "azure-application-gateway",
}
_CLASSES = {
    "traefik": TRAEFIK,
    "alb": ALB,
    "gce": GCE,
    "gce-internal": GCE,
    "gce-regional-external": GCE,
    "haproxy": HAPROXY,
    "kong": "kong",
    "contour": "contour",
    "azure/application-gateway": "azure-application-gateway",
    "webapprouting.kubernetes.azure.com": COMMUNITY,
}
"""What the names stand for that controllers have by default, or know by heart."""


@record
class Chosen:
    """The controller that an Ingress belongs to."""

    controller: str
    """One of this module's names, or another program's; empty where it is not known."""
    assumed: str = ""
    """What was taken for granted; empty where it is certain."""


@record
class Unread:
    """An annotation that the controller of its Ingress does not read."""

    name: str
    location: Location
    reader: str
    """Who does."""
    controller: str
    """Whom the Ingress belongs to."""


def reader_of(annotation: str) -> str:
    """Return which controller reads an annotation of this name; empty for none's own."""
    return next((controller for prefix, controller in PREFIXES if annotation.startswith(prefix)), "")


def controller_of(ingress: Ingress, resources: Resources) -> Chosen:
    """Tell which controller an Ingress belongs to: its class decides, then what its annotations speak of."""
    name = ingress.class_name
    declared = [found for found in resources.classes if (found.meta.name == name if name else found.is_default)]
    if declared:
        known = _CONTROLLERS.get(declared[0].controller)
        if known is None and "haproxy.org/" in declared[0].controller:
            known = HAPROXY
        return Chosen(known or declared[0].controller)
    if name in _CLASSES:
        return Chosen(_CLASSES[name])
    spoken = [reader for annotation in ingress.meta.annotations if (reader := reader_of(annotation))]
    if not name or "nginx" in name or name == "public":
        nginx = [reader for reader in spoken if reader in (COMMUNITY, F5)] if name else spoken
        if nginx and COMMUNITY not in nginx:
            return Chosen(nginx[0], f"the annotations are {nginx[0]}'s, so the Ingress is taken to belong to it")
        which = f"the class {name!r}" if name else "an Ingress without a class"
        return Chosen(COMMUNITY, f"{which} is taken to belong to the community's controller, ingress-nginx")
    if len(set(spoken)) == 1:
        return Chosen(spoken[0], f"the annotations are {spoken[0]}'s, so the class {name!r} is taken to belong to it")
    return Chosen(OTHER, f"no IngressClass says which controller has the class {name!r}")


def unread(ingress: Ingress, resources: Resources) -> tuple[Unread, ...]:
    """List the annotations that the controller of an Ingress does not read."""
    chosen = controller_of(ingress, resources).controller
    return tuple(
        Unread(name, text.location, reader, chosen)
        for name, text in ingress.meta.annotations.items()
        if (reader := reader_of(name)) and reader != chosen and chosen
    )
