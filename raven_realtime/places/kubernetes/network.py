"""Services, Ingress objects, and what else decides where a request goes, from their manifests.

https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ and https://gateway-api.sigs.k8s.io/reference/spec/
"""

from __future__ import annotations

import re
from dataclasses import replace

from raven_realtime.places.kubernetes.fields import at, items, meta, number, pairs, plain, text
from raven_realtime.proxies.ingress.objects import (
    Backend,
    ConfigMap,
    Custom,
    Filter,
    Gateway,
    GatewayClass,
    GatewayListener,
    Ingress,
    IngressClass,
    Match,
    NamedMatch,
    Parent,
    Path,
    Route,
    RouteRule,
    Rule,
    Service,
    ServicePort,
    Text,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.traefik.elements import Element

_BLOCK = re.compile(r":\s*[|>][-+0-9]*\s*(?:#.*)?$")


def service(root: Element) -> Service:
    """Read a Service."""
    affinity = at(root, "spec", "sessionAffinity")
    return Service(
        meta(root),
        plain(root, "spec", "selector"),
        tuple(
            ServicePort(
                number(port, "port") or 0,
                port.location,
                text(port, "name"),
                text(port, "targetPort"),
                number(port, "nodePort"),
                text(port, "appProtocol"),
            )
            for port in items(root, "spec", "ports")
        ),
        text(root, "spec", "type") or "ClusterIP",
        affinity.location if affinity and affinity.value == "ClientIP" else None,
        text(root, "spec", "clusterIP") == "None",
        text(root, "spec", "externalName"),
    )


def config_map(root: Element, lines: list[str]) -> ConfigMap:
    """Read a ConfigMap.

    Args:
        root: The object.
        lines: Of the whole file, to see where a value begins.
    """
    data = {name: replace(found, location=_first(found.location, lines)) for name, found in pairs(root, "data").items()}
    return ConfigMap(meta(root), data)


def _first(key: Location, lines: list[str]) -> Location:
    """Return the line on which a value begins: the next one where the key's ends in ``|``."""
    if key.line is None or key.line > len(lines) or not _BLOCK.search(lines[key.line - 1].rstrip()):
        return key
    return replace(key, line=key.line + 1)


def ingress(root: Element) -> Ingress:
    """Read an Ingress, of today's API or of the betas before it (``serviceName``, ``servicePort``)."""
    own = meta(root)
    named = at(root, "spec", "ingressClassName")
    old = own.annotations.get("kubernetes.io/ingress.class")
    tls = items(root, "spec", "tls")
    default = at(root, "spec", "defaultBackend") or at(root, "spec", "backend")
    return Ingress(
        own,
        (named.value or "") if named else old.value.strip() if old else "",
        named.location if named else old.location if old else None,
        tuple(
            Rule(
                text(rule, "host"),
                tuple(_path(path) for path in items(rule, "http", "paths")),
                (at(rule, "host") or rule).location,
            )
            for rule in items(root, "spec", "rules")
        ),
        _backend(default) if default else None,
        tuple(Text(host.value or "", host.location) for entry in tls for host in items(entry, "hosts")),
        any(not items(entry, "hosts") for entry in tls),
    )


def _path(path: Element) -> Path:
    backend = at(path, "backend")
    return Path(
        text(path, "path") or "/",
        text(path, "pathType") or "ImplementationSpecific",
        _backend(backend) if backend else Backend("", path.location),
        path.location,
    )


def _backend(backend: Element) -> Backend:
    named = at(backend, "service", "name") or at(backend, "serviceName")
    port = text(backend, "service", "port", "number") or text(backend, "servicePort")
    resource = text(backend, "resource", "kind")
    port_name = text(backend, "service", "port", "name")
    known = int(port) if re.fullmatch("[0-9]{1,5}", port) else None
    return Backend(
        (named.value or "") if named else "",
        (named or backend).location,
        known,
        port_name or ("" if known is not None else port),
        other=resource,
    )


def ingress_class(root: Element) -> IngressClass:
    """Read an IngressClass."""
    own = meta(root)
    default = own.annotation("ingressclass.kubernetes.io/is-default-class") == "true"
    return IngressClass(own, text(root, "spec", "controller"), default)


def gateway_class(root: Element) -> GatewayClass:
    """Read a GatewayClass."""
    return GatewayClass(meta(root), text(root, "spec", "controllerName"))


def gateway(root: Element) -> Gateway:
    """Read a Gateway."""
    listeners = tuple(
        GatewayListener(
            text(listener, "name"),
            number(listener, "port") or 0,
            text(listener, "protocol"),
            (at(listener, "name") or listener).location,
            text(listener, "hostname"),
            text(listener, "tls", "mode") == "Passthrough",
        )
        for listener in items(root, "spec", "listeners")
    )
    return Gateway(meta(root), text(root, "spec", "gatewayClassName"), listeners)


def route(root: Element) -> Route:
    """Read an HTTPRoute."""
    return Route(
        meta(root),
        tuple(Text(host.value or "", host.location) for host in items(root, "spec", "hostnames")),
        tuple(
            Parent(
                text(parent, "name"),
                (at(parent, "name") or parent).location,
                text(parent, "namespace"),
                text(parent, "sectionName"),
                number(parent, "port"),
                text(parent, "kind") or "Gateway",
            )
            for parent in items(root, "spec", "parentRefs")
        ),
        tuple(_route_rule(rule) for rule in items(root, "spec", "rules")),
    )


def _route_rule(rule: Element) -> RouteRule:
    persistence = at(rule, "sessionPersistence")
    return RouteRule(
        rule.location,
        tuple(_match(match) for match in items(rule, "matches")),
        _filters(rule),
        tuple((_route_backend(backend), _filters(backend)) for backend in items(rule, "backendRefs")),
        text(rule, "timeouts", "request"),
        text(rule, "timeouts", "backendRequest"),
        (text(persistence, "type") or "Cookie") if persistence else "",
        text(persistence, "sessionName"),
    )


def _match(match: Element) -> Match:
    def named(listed: str) -> tuple[NamedMatch, ...]:
        return tuple(
            NamedMatch(text(item, "name"), text(item, "value"), text(item, "type") == "RegularExpression")
            for item in items(match, listed)
        )

    return Match(
        match.location,
        text(match, "path", "value") or "/",
        text(match, "path", "type") or "PathPrefix",
        text(match, "method"),
        named("headers"),
        named("queryParams"),
    )


def _filters(owner: Element) -> tuple[Filter, ...]:
    found = []
    for item in items(owner, "filters"):
        kind = text(item, "type")
        # each type has its settings below a field of its own name, in lower camel case
        field = {"URLRewrite": "urlRewrite", "CORS": "cors"}.get(kind, kind[:1].lower() + kind[1:])
        found.append(Filter(kind, at(item, field) or item))
    return tuple(found)


def _route_backend(backend: Element) -> Backend:
    weight = number(backend, "weight")
    kind = text(backend, "kind")
    return Backend(
        text(backend, "name"),
        (at(backend, "name") or backend).location,
        number(backend, "port"),
        namespace=text(backend, "namespace"),
        weight=1 if weight is None else weight,
        other="" if kind in ("", "Service") else kind,
    )


def custom(root: Element) -> Custom:
    """Keep an object of a controller's own kind as it is."""
    return Custom(meta(root), at(root, "spec") or Element("spec", root.location))
