"""Helm charts: which folders are one, and what the values of the chart ``erpnext`` come to.

https://github.com/frappe/helm/tree/main/erpnext: the objects are those that its templates make, with the lines of the
values that decide them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from types import MappingProxyType

from raven_realtime.places.kubernetes.documents import parsed
from raven_realtime.places.kubernetes.fields import at, items, number, pairs, text, texts
from raven_realtime.places.kubernetes.objects import Objects
from raven_realtime.places.kubernetes.workloads import (
    Autoscaler,
    Container,
    ContainerPort,
    Mount,
    Variable,
    Workload,
)
from raven_realtime.proxies.ingress.objects import (
    Backend,
    ConfigMap,
    Ingress,
    Match,
    Meta,
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

RELEASE = "frappe-bench"
"""The name of the release in the chart's own instructions."""

_TOP = re.compile(r"^([a-z][\w-]*):", re.MULTILINE)
_OWN = frozenset({"nginx", "socketio", "worker", "httproute", "jobs", "persistence", "dragonfly-cache", "valkey-cache"})
_ENVIRONMENT = (
    ("UPSTREAM_REAL_IP_ADDRESS", "upstreamRealIPAddress", "127.0.0.1"),
    ("UPSTREAM_REAL_IP_RECURSIVE", "upstreamRealIPRecursive", "off"),
    ("UPSTREAM_REAL_IP_HEADER", "upstreamRealIPHeader", "X-Forwarded-For"),
    ("FRAPPE_SITE_NAME_HEADER", "frappeSiteNameHeader", "$host"),
    ("PROXY_READ_TIMEOUT", "proxyReadTimeout", "120"),
    ("CLIENT_MAX_BODY_SIZE", "clientMaxBodySize", "50m"),
)


def is_chart(folder: FilePath) -> bool:
    """Tell whether a folder is a Helm chart: its files under ``templates`` are to be rendered, not read.

    https://helm.sh/docs/topics/charts/#the-chart-file-structure
    """
    return (folder / "Chart.yaml").is_file() and ((folder / "templates").is_dir() or (folder / "charts").is_dir())


def is_helm_values(content: str) -> bool:
    """Tell, without parsing, whether a text has values of the chart ``erpnext``: two of its sections at the top."""
    if re.search(r"^(?:apiVersion|kind|services):", content, re.MULTILINE):
        return False
    sections = set(_TOP.findall(content))
    served = sections & {"nginx", "socketio"}
    return bool(served and len(sections & _OWN) >= 2) or bool(
        sections & {"ingress", "httproute"} and re.search(r"^\s+repository:\s*\S*frappe/\w+", content, re.MULTILINE)
    )


def read_values(content: str, name: str, release: str = RELEASE) -> Objects:
    """Return the objects that the chart ``erpnext`` makes of values; what they leave out has the chart's defaults.

    Args:
        content: A values file.
        name: What locations call it.
        release: The name that the chart is installed under.

    Raises:
        Unreadable: If it is not YAML.
    """
    return _Chart(parsed(content, name), name, release).objects()


def read_charts(values: Sequence[tuple[str, str]], beside: Sequence[Objects]) -> list[Objects]:
    """Return the objects of several values files, each under the release that an Ingress beside them leads to.

    Args:
        values: Texts, each with what locations call it.
        beside: The objects that are declared beside them.

    Raises:
        Unreadable: If one is not YAML.
    """
    backends = (path.backend for each in beside for own in each.ingresses for rule in own.rules for path in rule.paths)
    release = next((each.service for each in backends if "erpnext" in each.service), RELEASE)
    return [read_values(content, name, release) for content, name in values]


class _Chart:
    """The chart with its values."""

    def __init__(self, values: Element, name: str, release: str) -> None:
        self._values = values
        self._here = Location(name, 1)
        self._release = release
        self._name = text(values, "nameOverride") or "erpnext"
        whole = release if self._name in release else f"{release}-{self._name}"
        self._fullname = (text(values, "fullnameOverride") or whole)[:63].rstrip("-")

    def objects(self) -> Objects:
        """Make the objects."""
        nginx, socketio, web = (("nginx",), ("socketio",), ("worker", "gunicorn"))
        services = (
            self._service("nginx", nginx, 8080, self._fullname),
            self._service("socketio", socketio, 9000, f"{self._fullname}-socketio"),
            self._service("gunicorn", web, 8000, f"{self._fullname}-gunicorn"),
        )
        workloads = (
            self._workload("nginx", nginx, 8080, ("nginx-entrypoint.sh",), tuple(self._nginx_environment())),
            self._workload(
                "socketio", socketio, 9000, ("node", "/home/frappe/frappe-bench/apps/frappe/socketio.js"), ()
            ),
            self._workload("gunicorn", web, 8000, texts(self._values, *web, "args"), ()),
        )
        scalers = (
            self._autoscaler(short, names)
            for short, names in (("nginx", nginx), ("socketio", socketio), ("gunicorn", web))
        )
        return Objects(
            ingresses=tuple(self._ingresses()),
            services=services,
            config_maps=tuple(self._config_maps()),
            routes=tuple(self._routes()),
            workloads=workloads,
            autoscalers=tuple(scaler for scaler in scalers if scaler),
        )

    def _meta(self, kind: str, name: str, location: Location, annotations: Mapping[str, Text] | None = None) -> Meta:
        return Meta(kind, name, location, annotations=annotations or MappingProxyType({}))

    def _line(self, *names: str) -> Location:
        """Return where a value stands, or else the nearest one above it that does."""
        for end in range(len(names), 0, -1):
            if found := self._values.path(*names[:end]):
                return found.location
        return self._here

    def _pods(self, short: str) -> Mapping[str, str]:
        return MappingProxyType(
            {
                "app.kubernetes.io/name": f"{self._name}-{short}",
                "app.kubernetes.io/instance": f"{self._release}-{short}",
            }
        )

    def _port(self, names: tuple[str, ...], default: int) -> int:
        return number(self._values, *names, "service", "port") or default

    def _service(self, short: str, names: tuple[str, ...], port: int, name: str) -> Service:
        place = self._line(*names, "service", "port")
        return Service(
            self._meta("Service", name, place),
            self._pods(short),
            (ServicePort(self._port(names, port), place, "http", "http"),),
            text(self._values, *names, "service", "type") or "ClusterIP",
        )

    def _workload(
        self, short: str, names: tuple[str, ...], port: int, args: tuple[str, ...], env: tuple[Variable, ...]
    ) -> Workload:
        image = at(self._values, "image", "tag") or at(self._values, "image", "repository")
        repository = text(self._values, "image", "repository") or "frappe/erpnext"
        tag = text(self._values, "image", "tag")
        known = at(self._values, *names, "replicaCount")
        count = number(self._values, *names, "replicaCount")
        scaled = text(self._values, *names, "autoscaling", "enabled").lower() == "true"
        config = at(self._values, *names, "config") if short == "nginx" else None
        mounts = (Mount("/etc/nginx/conf.d", f"{self._fullname}-nginx-config", config.location),) if config else ()
        more = tuple(
            Variable(text(item, "name"), text(item, "value"), item.location, known=at(item, "valueFrom") is None)
            for item in items(self._values, *names, "envVars")
        )
        container = Container(
            short,
            self._line(*names),
            Text(f"{repository}:{tag}" if tag else repository, image.location) if image else None,
            args=("nginx", "-g", "daemon off;") if config else args,
            env=env + more,
            ports=(ContainerPort(self._port(names, port), self._line(*names, "service", "port"), "http"),),
            mounts=mounts,
        )
        return Workload(
            self._meta("Deployment", f"{self._fullname}-{short}", self._line(*names)),
            self._pods(short),
            (container,),
            1 if count is None or scaled else count,
            known.location if known and not scaled else None,
        )

    def _nginx_environment(self) -> Iterator[Variable]:
        web, socketio = ("worker", "gunicorn"), ("socketio",)
        backend = f"{self._fullname}-gunicorn:{self._port(web, 8000)}"
        realtime = f"{self._fullname}-socketio:{self._port(socketio, 9000)}"
        yield Variable("BACKEND", backend, self._line(*web, "service", "port"))
        yield Variable("SOCKETIO", realtime, self._line(*socketio, "service", "port"))
        for name, key, default in _ENVIRONMENT:
            written = text(self._values, "nginx", "environment", key)
            yield Variable(name, written or default, self._line("nginx", "environment", key))

    def _autoscaler(self, short: str, names: tuple[str, ...]) -> Autoscaler | None:
        if text(self._values, *names, "autoscaling", "enabled").lower() != "true":
            return None
        place = self._line(*names, "autoscaling", "maxReplicas")
        name = f"{self._fullname}-{short}"
        return Autoscaler(
            self._meta("HorizontalPodAutoscaler", name, place),
            "Deployment",
            name,
            number(self._values, *names, "autoscaling", "maxReplicas") or 3,
            place,
            number(self._values, *names, "autoscaling", "minReplicas") or 1,
        )

    def _config_maps(self) -> Iterator[ConfigMap]:
        config = at(self._values, "nginx", "config")
        if config:
            place = Location(config.location.path, None if config.location.line is None else config.location.line + 1)
            data = {"default.conf": Text(config.value or "", place)}
            yield ConfigMap(self._meta("ConfigMap", f"{self._fullname}-nginx-config", config.location), data)

    def _web(self, location: Location) -> Backend:
        return Backend(self._fullname, location, self._port(("nginx",), 8080))

    def _ingresses(self) -> Iterator[Ingress]:
        if text(self._values, "ingress", "enabled").lower() != "true":
            return
        annotations = pairs(self._values, "ingress", "annotations")
        named = at(self._values, "ingress", "className")
        old = annotations.get("kubernetes.io/ingress.class")
        rules = tuple(
            Rule(
                text(host, "host"),
                tuple(
                    Path(
                        text(path, "path") or "/",
                        text(path, "pathType") or "ImplementationSpecific",
                        self._web(path.location),
                        path.location,
                    )
                    for path in items(host, "paths")
                ),
                (at(host, "host") or host).location,
            )
            for host in items(self._values, "ingress", "hosts")
        )
        if not at(self._values, "ingress", "hosts"):
            place = self._line("ingress", "enabled")
            whole = Path("/", "ImplementationSpecific", self._web(place), place)
            rules = (Rule("erp.cluster.local", (whole,), place),)
        tls = items(self._values, "ingress", "tls")
        yield Ingress(
            self._meta(
                "Ingress",
                text(self._values, "ingress", "ingressName") or self._fullname,
                self._line("ingress", "ingressName"),
                annotations,
            ),
            (named.value or "") if named else old.value.strip() if old else "",
            named.location if named else old.location if old else None,
            rules,
            tls=tuple(Text(host.value or "", host.location) for entry in tls for host in items(entry, "hosts")),
            tls_all=any(not items(entry, "hosts") for entry in tls),
        )

    def _routes(self) -> Iterator[Route]:
        if text(self._values, "httproute", "enabled").lower() != "true":
            return
        yield Route(
            self._meta(
                "HTTPRoute",
                text(self._values, "httproute", "name") or f"{self._fullname}-httproute",
                self._line("httproute", "name"),
                pairs(self._values, "httproute", "annotations"),
            ),
            tuple(Text(host.value or "", host.location) for host in items(self._values, "httproute", "hostnames")),
            tuple(
                Parent(
                    text(parent, "gatewayName"),
                    parent.location,
                    text(parent, "gatewayNamespace"),
                    text(parent, "gatewaySectionName"),
                    kind=text(parent, "gatewayKind") or "Gateway",
                )
                for parent in items(self._values, "httproute", "parentRefs")
            ),
            tuple(
                RouteRule(
                    rule.location,
                    tuple(
                        Match(match.location, text(match, "path") or "/", text(match, "pathType") or "PathPrefix")
                        for match in items(rule, "matches")
                    ),
                    backends=((self._web(rule.location), ()),),
                )
                for rule in items(self._values, "httproute", "rules")
            ),
        )
