"""Traefik's own resources (IngressRoute, Middleware, TraefikService) as the dynamic configuration that they stand for.

https://doc.traefik.io/traefik/reference/routing-configuration/kubernetes/crd/http/ingressroute/: of both API groups,
``traefik.io`` and ``traefik.containo.us``. Names are the provider's: ``NAMESPACE-NAME@kubernetescrd``.
"""

from __future__ import annotations

from collections.abc import Iterator

from raven_realtime.proxies.ingress.backends import NAME, address
from raven_realtime.proxies.ingress.objects import Backend, Custom, Meta, Resources
from raven_realtime.proxies.traefik.elements import Element

PROVIDER = "kubernetescrd"
_SECRETS = ("secret", "caSecret", "certSecret", "secretName", "store")
"""Fields that name a Secret: what is in it is not known, and nothing of it decides where a request goes."""


def space(meta: Meta) -> str:
    """Return an object's namespace; ``default`` where the manifest leaves it open."""
    return meta.namespace or "default"


def server(resources: Resources, backend: Backend, namespace: str) -> str:
    """Return ``NAME:PORT`` of a Service; with port 0 where that cannot be told."""
    reached = address(resources, backend, namespace)
    if isinstance(reached, str):
        return reached
    return f"{backend.service if NAME.fullmatch(backend.service) else 'unknown'}:0"


def scheme_of(written: str, *, secure: bool) -> str:
    """Return how a server is spoken to: as it is written, or else by its port."""
    return written if written in ("http", "https", "h2c") else "https" if secure else "http"


def dynamic(resources: Resources) -> Iterator[tuple[Meta, Element]]:
    """Return the dynamic configuration of each object: a tree with ``http`` at its top, with the manifest's lines."""
    for custom in resources.custom:
        if custom.meta.kind == "Middleware":
            yield custom.meta, _http(custom, "middlewares", _middleware(custom))
        elif custom.meta.kind == "TraefikService":
            yield custom.meta, _services(custom, _traefik_service(custom, resources))
        elif custom.meta.kind == "IngressRoute":
            yield custom.meta, _route(custom, resources)


def _http(custom: Custom, part: str, *children: Element) -> Element:
    place = custom.meta.location
    listed = Element(part, place, children=list(children))
    return Element("", place, children=[Element("http", place, children=[listed])])


def _services(custom: Custom, services: list[Element]) -> Element:
    return _http(custom, "services", *services)


def _text(element: Element | None, *names: str) -> str:
    found = element.path(*names) if element else None
    return (found.value or "") if found else ""


def _scalar(name: str, value: str, like: Element) -> Element:
    return Element(name, like.location, value)


def _list(name: str, values: list[str], like: Element) -> Element:
    items = [Element(f"[{index}]", like.location, value) for index, value in enumerate(values)]
    return Element(name, like.location, children=items, is_list=True)


def _reference(element: Element, meta: Meta) -> str:
    """Return the full name of a Middleware or TraefikService that an object names."""
    name = _text(element, "name")
    if "@" in name:
        return name
    return f"{_text(element, 'namespace') or space(meta)}-{name}@{PROVIDER}"


def _without_secrets(element: Element) -> Element:
    kept = [_without_secrets(child) for child in element.children if child.name not in _SECRETS]
    return Element(element.name, element.location, element.value, kept, element.is_list, element.is_null)


def _middleware(custom: Custom) -> Element:
    kinds: list[Element] = []
    for kind in custom.spec.children:
        plain = _without_secrets(kind)
        if kind.name == "chain":
            listed = kind.get("middlewares")
            names = [_reference(item, custom.meta) for item in (listed.children if listed else [])]
            plain.children = [_list("middlewares", names, kind)]
        elif kind.name in ("basicAuth", "digestAuth") and not plain.get("users"):
            plain.children.append(_list("users", ["of a Secret"], kind))
        elif kind.name == "errors" and (service := kind.get("service")):
            others = [child for child in plain.children if child.name != "service"]
            plain.children = [*others, _scalar("service", _reference(service, custom.meta), service)]
        kinds.append(plain)
    return Element(f"{space(custom.meta)}-{custom.meta.name}", custom.meta.location, children=kinds)


def _route(custom: Custom, resources: Resources) -> Element:
    place = custom.meta.location
    entrypoints = custom.spec.get("entryPoints")
    tls = custom.spec.get("tls")
    routes = custom.spec.get("routes")
    routers: list[Element] = []
    services: list[Element] = []
    for index, route in enumerate(routes.children if routes else []):
        name = f"{space(custom.meta)}-{custom.meta.name}-{index}"
        match = route.get("match") or route
        fields = [Element("rule", match.location, match.value or "")]
        if entrypoints and entrypoints.children:
            fields.append(_list("entryPoints", entrypoints.texts(), entrypoints))
        for written, known in (("priority", "priority"), ("syntax", "ruleSyntax")):
            if found := route.get(written):
                fields.append(_scalar(known, found.value or "", found))
        if (listed := route.get("middlewares")) and listed.children:
            fields.append(_list("middlewares", [_reference(item, custom.meta) for item in listed.children], listed))
        if tls:
            fields.append(_tls(tls, custom.meta))
        service, made = _destination(name, route, custom, resources)
        fields.append(_scalar("service", service, route))
        services += made
        routers.append(Element(name, place, children=fields))
    root = _http(custom, "routers", *routers)
    if services:
        root.children[0].children.append(Element("services", place, children=services))
    return root


def _tls(tls: Element, meta: Meta) -> Element:
    plain = _without_secrets(tls)
    options = tls.get("options")
    plain.children = [child for child in plain.children if child.name != "options"]
    if options:
        plain.children.append(_scalar("options", _reference(options, meta), options))
    plain.name, plain.is_null = "tls", False
    return plain


def _destination(name: str, route: Element, custom: Custom, resources: Resources) -> tuple[str, list[Element]]:
    """Return the service of a route, and what has to be made for it: one, or a weighted one of several."""
    listed = route.get("services")
    members = listed.children if listed else []
    if not members:
        return name, []
    made: list[Element] = []
    named: list[tuple[str, str]] = []
    for index, member in enumerate(members):
        own = name if len(members) == 1 else f"{name}-{index}"
        reached, new = _member(own, member, custom.meta, resources)
        named.append((reached, _text(member, "weight") or "1"))
        made += new
    if len(members) > 1:
        made.append(_weighted(name, named, listed or route, None))
    return named[0][0] if len(members) == 1 else name, made


def _member(name: str, member: Element, meta: Meta, resources: Resources) -> tuple[str, list[Element]]:
    """Return the name of one service, and the service itself unless it is a TraefikService."""
    if _text(member, "kind") == "TraefikService":
        return _reference(member, meta), []
    port = _text(member, "port")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else None
    namespace = _text(member, "namespace") or meta.namespace
    backend = Backend(_text(member, "name"), member.location, number, "" if number is not None else port, namespace)
    scheme = scheme_of(_text(member, "scheme"), secure=number == 443 or port.startswith("https"))
    item = Element(
        "[0]", member.location, children=[_scalar("url", f"{scheme}://{server(resources, backend, namespace)}", member)]
    )
    fields = [Element("servers", member.location, children=[item], is_list=True)]
    for known in ("sticky", "passHostHeader", "strategy", "responseForwarding", "healthCheck"):
        if found := member.get(known):
            fields.append(found)
    balancer = Element("loadBalancer", member.location, children=fields)
    return name, [Element(name, member.location, children=[balancer])]


def _weighted(name: str, members: list[tuple[str, str]], place: Element, sticky: Element | None) -> Element:
    items = [
        Element(
            f"[{index}]", place.location, children=[_scalar("name", member, place), _scalar("weight", weight, place)]
        )
        for index, (member, weight) in enumerate(members)
    ]
    fields = [Element("services", place.location, children=items, is_list=True)]
    if sticky:
        fields.append(sticky)
    return Element(name, place.location, children=[Element("weighted", place.location, children=fields)])


def _traefik_service(custom: Custom, resources: Resources) -> list[Element]:
    """Return a weighted or mirroring service, and those that it is made of."""
    name = f"{space(custom.meta)}-{custom.meta.name}"
    made: list[Element] = []
    if weighted := custom.spec.get("weighted"):
        listed = weighted.get("services")
        named: list[tuple[str, str]] = []
        for index, member in enumerate(listed.children if listed else []):
            reached, new = _member(f"{name}-{index}", member, custom.meta, resources)
            named.append((reached, _text(member, "weight") or "1"))
            made += new
        made.append(_weighted(name, named, weighted, weighted.get("sticky")))
    elif mirroring := custom.spec.get("mirroring"):
        # a mirror's answers are thrown away: the main service alone decides
        reached, new = _member(f"{name}-main", mirroring, custom.meta, resources)
        made += new
        made.append(_weighted(name, [(reached, "1")], mirroring, None))
    return made
