"""What a Gateway does with a request once a rule of a route is chosen: filters, backends, timeouts.

https://gateway-api.sigs.k8s.io/reference/spec/#httproutefilter. The Gateway API does not say which headers a proxy adds
by itself, nor how long it waits: those are its controller's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from raven_realtime.proxies.ingress.backends import CONTROLLER, address, port_number
from raven_realtime.proxies.ingress.headers import appended, end_to_end, replaced
from raven_realtime.proxies.ingress.hosts import bare
from raven_realtime.proxies.ingress.objects import Filter, Match, Resources, RouteRule
from raven_realtime.proxies.interface import (
    Affinity,
    Answered,
    Headers,
    Listener,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.record import record
from raven_realtime.proxies.traefik.elements import Element

_DURATION = re.compile(r"([0-9]{1,5}(?:\.[0-9]+)?)(h|ms|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_NGINX = ("gateway.nginx.org/nginx-gateway-controller", "nginx")
"""NGINX Gateway Fabric, by its controller and by its class: an nginx, which waits 60 seconds."""
_PATIENT = ("traefik.io/gateway-controller", "traefik")
"""Traefik: it never gives up an answer by default."""


def outcome(
    rule: RouteRule,
    match: Match,
    request: Request,
    listener: Listener,
    *,
    resources: Resources,
    namespace: str,
    controller: str,
    assumed: tuple[str, ...],
) -> Outcome:
    """Tell what becomes of a request that a rule of a route gets.

    Args:
        rule: The rule.
        match: The match of the rule that the request meets.
        request: As it came.
        listener: The Gateway's listener that it came to.
        resources: All objects.
        namespace: The route's.
        controller: The GatewayClass's controller, or its name; empty where it is not known.
        assumed: What was taken for granted so far.
    """
    scheme = "https" if listener.tls else "http"
    headers = appended(end_to_end(request), "X-Forwarded-For", request.client)
    headers = replaced(headers, [("X-Forwarded-Proto", scheme)])
    changed = _Changed(request.host, request.target, headers)
    filtered = _filtered(rule.filters, changed, match, request, listener)
    if not isinstance(filtered, _Changed):
        return filtered
    to: list[str] = []
    for backend, filters in rule.backends:
        if backend.weight <= 0:
            continue
        found = address(resources, backend, namespace)
        if isinstance(found, Answered):
            return replace(found, status=500)
        if isinstance(found, Undecided):
            return found
        if filters:
            return Undecided("filters of a single backend are not followed here", filters[0].spec.location)
        to.append(found)
    if not to:
        return Answered(500, "the rule has no backend that gets anything", rule.location)
    servers = tuple(dict.fromkeys(to))
    passed = Request(
        host=filtered.host,
        target=filtered.target,
        method=request.method,
        headers=filtered.headers,
        port=port_number(servers),
        client=CONTROLLER,
    )
    idle = _idle(rule, controller)
    granted = ["the Gateway tells the scheme in X-Forwarded-Proto"]
    if idle is None and controller not in _PATIENT:
        granted.append("the Gateway's own limit of silence is long enough")
    affinity = {"Cookie": Affinity.COOKIE, "Header": Affinity.OTHER}.get(rule.persistence, Affinity.NONE)
    return Passed(
        servers,
        passed,
        rule.location,
        idle_seconds=idle,
        affinity=affinity,
        by=rule.persistence_name or rule.persistence,
        assumed=(*assumed, *granted),
    )


@record
class _Changed:
    host: str
    target: str
    headers: Headers


def _filtered(
    filters: Iterable[Filter], changed: _Changed, match: Match, request: Request, listener: Listener
) -> _Changed | Redirected | Undecided:
    for one in filters:
        spec = one.spec
        if one.kind == "RequestHeaderModifier":
            changed = _modified(changed, spec)
        elif one.kind == "URLRewrite":
            host = _text(spec, "hostname")
            path = _path(spec, match, changed.target)
            changed = replace(changed, host=host or changed.host, target=path or changed.target)
        elif one.kind == "RequestRedirect":
            return _redirected(spec, match, request, listener)
        elif one.kind not in ("ResponseHeaderModifier", "RequestMirror", "CORS"):
            return Undecided(f"the filter {one.kind or 'without a type'} is not followed here", spec.location)
    return changed


def _modified(changed: _Changed, spec: Element) -> _Changed:
    """Set, add and remove headers; Host is one of them."""
    host, headers = changed.host, changed.headers
    for name, value in _pairs(spec.get("set")):
        if name.lower() == "host":
            host = value
        else:
            headers = replaced(headers, [(name, value)])
    for name, value in _pairs(spec.get("add")):
        headers = appended(headers, name, value)
    removed = spec.get("remove")
    headers = replaced(headers, [], [name.lower() for name in removed.texts()] if removed else [])
    return replace(changed, host=host, headers=headers)


def _pairs(listed: Element | None) -> list[tuple[str, str]]:
    return [(_text(item, "name"), _text(item, "value")) for item in (listed.children if listed else [])]


def _text(element: Element | None, *names: str) -> str:
    found = element.path(*names) if element else None
    return (found.value or "") if found else ""


def _path(spec: Element, match: Match, target: str) -> str:
    """Return the target with its path replaced, whole or the matched prefix of it; empty without a change."""
    path, mark, query = target.partition("?")
    kind = _text(spec, "path", "type")
    if kind == "ReplaceFullPath":
        return (_text(spec, "path", "replaceFullPath") or "/") + mark + query
    if kind == "ReplacePrefixMatch":
        rest = path[len(match.path.rstrip("/")) :]
        prefix = _text(spec, "path", "replacePrefixMatch").rstrip("/")
        new = prefix + (rest if rest.startswith("/") or not rest else "/" + rest)
        return (new or "/") + mark + query
    return ""


def _redirected(spec: Element, match: Match, request: Request, listener: Listener) -> Redirected:
    """https://gateway-api.sigs.k8s.io/reference/spec/#httprequestredirectfilter: the port follows the new scheme."""
    scheme = _text(spec, "scheme") or ("https" if listener.tls else "http")
    port = _text(spec, "port")
    if not port and not _text(spec, "scheme") and listener.port not in (80, 443):
        port = str(listener.port)
    host = _text(spec, "hostname") or bare(request.host)
    usual = {"http": "80", "https": "443"}.get(scheme)
    where = f"{scheme}://{host}" + (f":{port}" if port not in ("", usual) else "")
    status = _text(spec, "statusCode")
    code = int(status) if re.fullmatch("3[0-9][0-9]", status) else 302
    return Redirected(code, where + (_path(spec, match, request.target) or request.target), spec.location)


def _idle(rule: RouteRule, controller: str) -> float | None:
    limits = [limit for text in (rule.request_timeout, rule.backend_timeout) if (limit := seconds(text))]
    return min(limits, default=60.0 if controller in _NGINX else None)


def seconds(text: str) -> float | None:
    """Return a duration of the Gateway API (``10s``, ``1m30s``) in seconds; None where it is malformed.

    https://gateway-api.sigs.k8s.io/geps/gep-2257/
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
