"""Manifests to objects."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from raven_realtime.places.kubernetes import network
from raven_realtime.places.kubernetes.documents import documents
from raven_realtime.places.kubernetes.objects import Objects
from raven_realtime.places.kubernetes.workloads import autoscaler, workload

_PLAIN = {
    "HorizontalPodAutoscaler": ("autoscalers", autoscaler),
    "Service": ("services", network.service),
    "Ingress": ("ingresses", network.ingress),
    "IngressClass": ("classes", network.ingress_class),
    "HTTPRoute": ("routes", network.route),
    "Gateway": ("gateways", network.gateway),
    "GatewayClass": ("gateway_classes", network.gateway_class),
    **dict.fromkeys(
        ("IngressRoute", "Middleware", "TraefikService", "ServersTransport", "BackendConfig", "FrontendConfig"),
        ("custom", network.custom),
    ),
    **dict.fromkeys(
        ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Pod"),
        ("workloads", workload),
    ),
}
_OTHERS = ("knative.dev", "networking.istio.io", "config.openshift.io")
"""API groups that have kinds of the same names (Service, Gateway, Ingress) which are something else."""


def read(text: str, name: str) -> Objects:
    """Read the objects of a manifest file: YAML documents, Lists, JSON.

    Args:
        text: The file, or what ``kubectl get -o yaml`` or ``helm template`` printed.
        name: What locations call it.

    Raises:
        Unreadable: If a document is not YAML or JSON, or is a template that Helm has not rendered.
    """
    found: dict[str, list[Any]] = defaultdict(list)
    lines: list[str] | None = None
    for document in documents(text, name):
        version = document.root.get("apiVersion")
        if version and any(group in (version.value or "") for group in _OTHERS):
            continue
        if document.kind == "ConfigMap":
            lines = text.split("\n") if lines is None else lines
            found["config_maps"].append(network.config_map(document.root, lines))
        else:
            field, build = _PLAIN[document.kind]
            found[field].append(build(document.root))
    return Objects(**{field: tuple(objects) for field, objects in found.items()})
