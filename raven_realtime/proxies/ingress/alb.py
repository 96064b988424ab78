"""AWS Load Balancer Controller: an Application Load Balancer made of Ingress objects.

https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/ and
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

from raven_realtime.proxies.ingress.backends import CONTROLLER, address, port_number, service_of
from raven_realtime.proxies.ingress.headers import appended, end_to_end, replaced
from raven_realtime.proxies.ingress.hosts import any_labels, bare
from raven_realtime.proxies.ingress.locations import Unmatchable, fitting
from raven_realtime.proxies.ingress.objects import Backend, Ingress, Path, Resources
from raven_realtime.proxies.ingress.paths import below
from raven_realtime.proxies.interface import (
    Affinity,
    Answered,
    Consulted,
    Entrance,
    Listener,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

PREFIX = "alb.ingress.kubernetes.io/"
_ORDER = {"Exact": 0, "Prefix": 1}


@record
class _Place:
    ingress: Ingress
    host: str
    path: Path

    def matches(self, host: str, path: str) -> bool:
        """Tell whether a request meets the rule's conditions.

        Raises:
            Unmatchable: If its path has wildcards without measure.
        """
        if self.host and not any_labels(self.host, host):
            return False
        pattern = self.path.path or "/"
        if self.path.kind == "Exact":
            return path == pattern
        if self.path.kind == "Prefix":
            return below(pattern, path)
        wild = "".join({"*": ".*", "?": "."}.get(letter) or re.escape(letter) for letter in pattern)
        return fitting(f"(?s){wild}", path, whole=True) is not None


@record
class Alb:
    """One load balancer: an Ingress, or a group of them (``group.name``)."""

    name: str
    location: Location
    ingresses: tuple[Ingress, ...]
    resources: Resources
    assumed: tuple[str, ...] = ()
    kind: str = "alb"

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the hosts of its rules on each of its ports, encrypted ones first."""
        return tuple(self._entrances())

    def _entrances(self) -> Iterator[Entrance]:
        for ingress in self.ingresses:
            for rule in ingress.rules:
                for listener in sorted(self._listeners, key=lambda listener: not listener.tls):
                    paths = tuple(dict.fromkeys(path.path for path in rule.paths))
                    everything = ingress.default or any(path in ("/*", "*") for path in paths)
                    everything = everything or any(path.path == "/" and path.kind == "Prefix" for path in rule.paths)
                    yield Entrance(rule.host, listener, rule.location, () if everything else paths)
            if ingress.default and not ingress.rules:
                for listener in self._listeners:
                    yield Entrance("", listener, ingress.meta.location)

    @cached_property
    def _listeners(self) -> tuple[Listener, ...]:
        """The ports: ``listen-ports``, or 443 where there is a certificate, or 80."""
        listeners: dict[int, Listener] = {}
        for ingress in self.ingresses:
            place = ingress.meta.line_of(PREFIX + "listen-ports")
            written = _json(ingress.meta.annotation(PREFIX + "listen-ports"))
            pairs = (
                [pair for entry in written if isinstance(entry, dict) for pair in entry.items()]
                if isinstance(written, list)
                else []
            )
            for scheme, port in pairs:
                if isinstance(port, int) and not isinstance(port, bool):
                    listeners.setdefault(port, Listener(port, place, tls=str(scheme).upper() == "HTTPS"))
            if not pairs:
                secure = bool(ingress.tls or ingress.meta.annotation(PREFIX + "certificate-arn"))
                port = 443 if secure else 80
                listeners.setdefault(port, Listener(port, ingress.meta.location, tls=secure))
        return tuple(listeners.values())

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        port = request.port or (443 if request.tls else self._listeners[0].port)
        listener = next((known for known in self._listeners if known.port == port), None)
        if listener is None:
            return Answered(None, f"nothing listens on port {port}", self.location)
        if not listener.tls:
            for ingress in self.ingresses:
                if (secure := ingress.meta.annotation(PREFIX + "ssl-redirect")).isdigit():
                    host = bare(request.host)
                    where = ingress.meta.line_of(PREFIX + "ssl-redirect")
                    return Redirected(301, f"https://{host}:{secure}{request.target}", where)
        host, path = bare(request.host), request.path
        try:
            place = next((place for place in self._places if place.matches(host, path)), None)
        except Unmatchable as reason:
            return Undecided(str(reason), self.location)
        if place is None:
            default = next((ingress for ingress in self.ingresses if ingress.default), None)
            if default is None or default.default is None:
                return Answered(404, "no rule of the load balancer has this host and path")
            place = _Place(default, "", Path("/", "Prefix", default.default, default.default.location))
        return self._act(place, request, listener)

    @cached_property
    def _places(self) -> tuple[_Place, ...]:
        """All rules in the order in which they are tried: by ``group.order``, then exact paths, then long prefixes."""
        places: list[_Place] = []
        for ingress in sorted(self.ingresses, key=_group_order):
            for rule in ingress.rules:
                paths = sorted(
                    rule.paths,
                    key=lambda path: (_ORDER.get(path.kind, 2), -len(path.path) if path.kind == "Prefix" else 0),
                )
                places += [_Place(ingress, rule.host.lower(), path) for path in paths]
        return tuple(places)

    def _act(self, place: _Place, request: Request, listener: Listener) -> Outcome:
        backend, meta = place.path.backend, place.ingress.meta
        conditions = f"{PREFIX}conditions.{backend.service}"
        if meta.annotation(conditions):
            return Undecided(f"{conditions} asks for more, which is not followed here", meta.line_of(conditions))
        action = f"{PREFIX}actions.{backend.service}"
        backends = [backend]
        if backend.port_name == "use-annotation" or (backend.port is None and meta.annotation(action)):
            decided = _action(_json(meta.annotation(action)), request, listener, meta.line_of(action))
            if not isinstance(decided, list):
                return decided
            backends = decided
        to: list[str] = []
        for one in backends:
            found = address(self.resources, one, meta.namespace)
            if not isinstance(found, str):
                return found
            to.append(found)
        return self._pass(place, tuple(dict.fromkeys(to)), request, listener, backends[0])

    def _option(self, place: _Place, backend: Backend, name: str) -> tuple[str, Location]:
        """Return an annotation: the Service's before the Ingress's."""
        service = service_of(self.resources, backend, place.ingress.meta.namespace)
        for meta in filter(None, (service.meta if service else None, place.ingress.meta)):
            if value := meta.annotation(PREFIX + name):
                return value, meta.line_of(PREFIX + name)
        return "", place.ingress.meta.location

    def _pass(
        self, place: _Place, to: tuple[str, ...], request: Request, listener: Listener, backend: Backend
    ) -> Outcome:
        protocol = self._option(place, backend, "backend-protocol")[0].upper() or "HTTP"
        attributes = _attributes(self._option(place, backend, "target-group-attributes")[0])
        whole = {
            name: value
            for ingress in self.ingresses
            for name, value in _attributes(ingress.meta.annotation(PREFIX + "load-balancer-attributes")).items()
        }
        host = request.host
        if whole.get("routing.http.preserve_host_header.enabled") != "true":
            usual = 443 if listener.tls else 80
            host = bare(host) if listener.port == usual else f"{bare(host)}:{listener.port}"
            host = request.host if host.lower() == request.host.lower() else host
        headers = end_to_end(request)
        mode = whole.get("routing.http.xff_header_processing.mode", "append")
        if mode == "append":
            headers = appended(headers, "X-Forwarded-For", request.client)
        elif mode == "remove":
            headers = replaced(headers, [("X-Forwarded-For", "")])
        scheme = "https" if listener.tls else "http"
        headers = replaced(headers, [("X-Forwarded-Proto", scheme), ("X-Forwarded-Port", str(listener.port))])
        affinity, by = Affinity.NONE, ""
        assumed = self.assumed
        if attributes.get("stickiness.enabled") == "true":
            if (self._option(place, backend, "target-type")[0] or "instance") == "ip":
                affinity = Affinity.COOKIE
                by = attributes.get("stickiness.app_cookie.cookie_name") or "AWSALB"
            else:
                assumed += ("the cookie ties to a node, and the node passes to any pod (target-type instance)",)
        idle = whole.get("idle_timeout.timeout_seconds", "60")
        passed = replace(
            request,
            host=host,
            headers=headers,
            tls=protocol == "HTTPS",
            port=port_number(to),
            client=CONTROLLER,
            version="1.1",
        )
        return Passed(
            to,
            passed,
            place.path.location,
            idle_seconds=float(idle) if re.fullmatch("[0-9]{1,6}", idle) else 60.0,
            affinity=affinity,
            by=by,
            consulted=_consulted(place.ingress),
            assumed=assumed,
        )


def _group_order(ingress: Ingress) -> int:
    order = ingress.meta.annotation(PREFIX + "group.order")
    return int(order) if re.fullmatch("-?[0-9]{1,6}", order) else 0


def _json(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


def _attributes(text: str) -> Mapping[str, str]:
    pairs = (part.partition("=") for part in text.split(","))
    return {name.strip(): value.strip() for name, _, value in pairs}


def _action(action: Any, request: Request, listener: Listener, place: Location) -> list[Backend] | Outcome:
    """Follow an ``actions.NAME`` annotation: a fixed response, a redirect, or several target groups."""
    if not isinstance(action, dict):
        return Undecided("the action that the rule names is missing or not JSON", place)
    fixed, redirect, forward = (
        action.get(key) or {} for key in ("fixedResponseConfig", "redirectConfig", "forwardConfig")
    )
    kind = action.get("type")
    if kind == "fixed-response" and isinstance(fixed, dict):
        code = str(fixed.get("statusCode", ""))
        body = str(fixed.get("messageBody", ""))
        return Answered(int(code) if re.fullmatch("[0-9]{3}", code) else None, "a fixed response", place, body)
    if kind == "redirect" and isinstance(redirect, dict):
        return _redirect(redirect, request, listener, place)
    groups = forward.get("targetGroups", []) if isinstance(forward, dict) else []
    backends = []
    for group in groups if isinstance(groups, list) else []:
        if not isinstance(group, dict) or not group.get("serviceName"):
            return Undecided("the action forwards to a target group that is not a Service's", place)
        port = str(group.get("servicePort", ""))
        number = int(port) if re.fullmatch("[0-9]{1,5}", port) else None
        if group.get("weight", 1) != 0:
            backends.append(Backend(str(group["serviceName"]), place, number, "" if number else port))
    return backends or Undecided("the action is not followed here", place)


def _redirect(redirect: Mapping[str, Any], request: Request, listener: Listener, place: Location) -> Redirected:
    """Follow a redirect action.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html#redirect-actions
    """
    query = request.target.partition("?")[2]
    known = {
        "#{protocol}": "https" if listener.tls else "http",
        "#{host}": bare(request.host),
        "#{port}": str(listener.port),
        "#{path}": request.path.lstrip("/"),
        "#{query}": query,
    }

    def part(name: str, default: str) -> str:
        text = str(redirect.get(name, default))
        for variable, value in known.items():
            text = text.replace(variable, value)
        return text

    scheme, port = part("protocol", "#{protocol}").lower(), part("port", "#{port}")
    where = f"{scheme}://{part('host', '#{host}')}:{port}{part('path', '/#{path}')}"
    rest = part("query", "#{query}")
    status = 302 if str(redirect.get("statusCode", "")).endswith("302") else 301
    return Redirected(status, where + (f"?{rest}" if rest else ""), place)


def _consulted(ingress: Ingress) -> tuple[Consulted, ...]:
    """Return the login that a listener asks for first (``auth-type``)."""
    kind = ingress.meta.annotation(PREFIX + "auth-type")
    if kind in ("", "none") or ingress.meta.annotation(PREFIX + "auth-on-unauthenticated-request") == "allow":
        return ()
    settings = _json(ingress.meta.annotation(f"{PREFIX}auth-idp-{kind}"))
    known = settings if isinstance(settings, dict) else {}
    whom = str(known.get("authorizationEndpoint") or known.get("userPoolDomain") or known.get("UserPoolDomain") or kind)
    return (Consulted(whom, ingress.meta.line_of(PREFIX + "auth-type")),)
