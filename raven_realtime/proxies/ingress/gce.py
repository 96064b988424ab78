"""GKE's Ingress: a Google Cloud load balancer.

https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration and
https://cloud.google.com/load-balancing/docs/https
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace

from raven_realtime.proxies.ingress.backends import CONTROLLER, address, port_number, service_of
from raven_realtime.proxies.ingress.entering import entrances
from raven_realtime.proxies.ingress.headers import appended, end_to_end, replaced
from raven_realtime.proxies.ingress.hosts import bare
from raven_realtime.proxies.ingress.objects import Custom, Ingress, Path, Resources, ServicePort
from raven_realtime.proxies.ingress.paths import below
from raven_realtime.proxies.interface import (
    Affinity,
    Answered,
    Consulted,
    Entrance,
    Outcome,
    Passed,
    Redirected,
    Request,
    Undecided,
)
from raven_realtime.proxies.location import Location
from raven_realtime.proxies.record import record

_THEIRS = "130.211.0.1"
"""An address of the range that Google's load balancers connect from."""


@record
class Gce:
    """One load balancer: one Ingress."""

    name: str
    location: Location
    ingress: Ingress
    resources: Resources
    assumed: tuple[str, ...] = ()
    kind: str = "gce"

    def entrances(self) -> tuple[Entrance, ...]:
        """Return the hosts of its rules."""
        known = entrances([self.ingress])
        if self.ingress.meta.annotation("kubernetes.io/ingress.allow-http") == "false":
            return tuple(entrance for entrance in known if entrance.listener.tls)
        return known

    def handle(self, request: Request) -> Outcome:
        """Tell what becomes of a request."""
        if not request.tls:
            if self.ingress.meta.annotation("kubernetes.io/ingress.allow-http") == "false":
                where = self.ingress.meta.line_of("kubernetes.io/ingress.allow-http")
                return Answered(None, "nothing listens for http", where)
            if where_to := self._to_https():
                return Redirected(301, f"https://{bare(request.host)}{request.target}", where_to)
        path = self._path(request)
        if path is None:
            return Answered(404, "no rule has this host and path: the cluster's default backend answers")
        to = address(self.resources, path.backend, self.ingress.meta.namespace)
        if not isinstance(to, str):
            return to
        headers = appended(end_to_end(request), "X-Forwarded-For", f"{request.client}, {_THEIRS}")
        headers = replaced(headers, [("X-Forwarded-Proto", "https" if request.tls else "http"), ("Via", "1.1 google")])
        passed = replace(
            request, headers=headers, tls=self._https(path), port=port_number((to,)), client=CONTROLLER, version="1.1"
        )
        return self._configured(path, Passed((to,), passed, path.location, assumed=self.assumed))

    def _to_https(self) -> Location | None:
        """Return where a FrontendConfig redirects to https.

        https://cloud.google.com/kubernetes-engine/docs/how-to/ingress-configuration#https_redirect
        """
        for name in ("networking.gke.io/v1beta1.FrontendConfig", "networking.gke.io/frontend-config"):
            wanted = self.ingress.meta.annotation(name)
            for frontend in self.resources.of_kind("FrontendConfig", wanted) if wanted else ():
                enabled = frontend.spec.path("redirectToHttps", "enabled")
                if enabled and (enabled.value or "").lower() == "true":
                    return enabled.location
        return None

    def _path(self, request: Request) -> Path | None:
        """Choose the host's longest path; ``/a/*`` is a prefix, anything else without a type is exact."""
        host = bare(request.host)
        rules = [rule for rule in self.ingress.rules if rule.host.lower() == host]
        rules = rules or [
            rule
            for rule in self.ingress.rules
            if rule.host.startswith("*.") and host.endswith(rule.host[1:].lower()) and host != rule.host[1:].lower()
        ]
        rules = rules or [rule for rule in self.ingress.rules if not rule.host]
        paths = [path for rule in rules for path in rule.paths if _matches(path, request.path)]
        if paths:
            return max(paths, key=lambda path: (len(path.path.rstrip("*")), path.kind == "Exact"))
        default = self.ingress.default
        return Path("/", "Prefix", default, default.location) if default else None

    def _port(self, path: Path) -> ServicePort | None:
        service = service_of(self.resources, path.backend, self.ingress.meta.namespace)
        return service.port(path.backend.port, path.backend.port_name) if service else None

    def _https(self, path: Path) -> bool:
        """Tell whether ``cloud.google.com/app-protocols`` of the Service says HTTPS for this port."""
        service = service_of(self.resources, path.backend, self.ingress.meta.namespace)
        port = self._port(path)
        protocols = _json(service.meta.annotation("cloud.google.com/app-protocols")) if service else {}
        return bool(port) and protocols.get(port.name if port else "") in ("HTTPS", "HTTP2")

    def _backend_configs(self, path: Path) -> Iterator[Custom]:
        service = service_of(self.resources, path.backend, self.ingress.meta.namespace)
        if service is None:
            return
        port = self._port(path)
        for name in ("cloud.google.com/backend-config", "beta.cloud.google.com/backend-config"):
            named = _json(service.meta.annotation(name))
            ports = named.get("ports")
            wanted = named.get("default", "")
            if isinstance(ports, dict) and port:
                wanted = ports.get(port.name) or ports.get(str(port.port)) or wanted
            if isinstance(wanted, str) and wanted:
                yield from self.resources.of_kind("BackendConfig", wanted, service.meta.namespace)

    def _configured(self, path: Path, passed: Passed) -> Passed | Undecided:
        """Follow the BackendConfig: ``timeoutSec`` (30, and a WebSocket's longest life) and affinity."""
        passed = replace(passed, idle_seconds=30.0)
        for config in self._backend_configs(path):
            if (seconds := config.spec.get("timeoutSec")) and re.fullmatch("[0-9]{1,9}", seconds.value or ""):
                passed = replace(passed, idle_seconds=float(seconds.value or 30))
            kind = config.spec.path("sessionAffinity", "affinityType")
            match (kind.value or "") if kind else "":
                case "GENERATED_COOKIE":
                    passed = replace(passed, affinity=Affinity.COOKIE, by="GCLB")
                case "CLIENT_IP":
                    passed = replace(passed, affinity=Affinity.ADDRESS)
            iap = config.spec.path("iap", "enabled")
            if iap and (iap.value or "").lower() == "true":
                passed = replace(passed, consulted=(Consulted("Identity-Aware Proxy", iap.location),))
            if (custom := config.spec.get("customRequestHeaders")) and (listed := custom.get("headers")):
                pairs = [text.partition(":") for text in listed.texts()]
                if any("{" in value for _, _, value in pairs):
                    return Undecided(
                        "a custom request header has a variable that is not followed here", listed.location
                    )
                headers = replaced(passed.request.headers, [(name.strip(), value.strip()) for name, _, value in pairs])
                passed = replace(passed, request=replace(passed.request, headers=headers))
        return passed


def _matches(path: Path, asked: str) -> bool:
    text = path.path or "/*"
    if path.kind == "Prefix":
        return below(text, asked)
    if path.kind == "Exact" or not text.endswith("*"):
        return asked == text or (path.kind != "Exact" and text == "/")
    return asked.startswith(text[:-1]) or asked == text.removesuffix("/*")


def _json(text: str) -> dict[str, object]:
    try:
        found = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
