"""The chart erpnext, from its values."""

from __future__ import annotations

from pathlib import Path

import pytest

from raven_realtime.places.kubernetes import is_chart, is_helm_values, read_values

VALUES = """image:
  repository: frappe/erpnext
  tag: v16.32.3
nginx:
  replicaCount: 2
  environment:
    frappeSiteNameHeader: "$host"
    proxyReadTimeout: "120"
  service:
    port: 8080
socketio:
  replicaCount: 1
  service:
    port: 9000
ingress:
  enabled: true
  className: nginx
  annotations:
    nginx.ingress.kubernetes.io/affinity: cookie
  hosts:
    - host: erp.example.com
      paths:
        - path: /
          pathType: ImplementationSpecific
  tls:
    - secretName: s
      hosts: [erp.example.com]
"""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (VALUES, True),
        ("nginx: {}\nsocketio: {}\n", True),
        ("image:\n  repository: frappe/erpnext\ningress:\n  enabled: true\n", True),
        ("image:\n  repository: nginx\ningress:\n  enabled: true\n", False),
        ("services:\n  nginx: {}\nnginx: {}\nsocketio: {}\n", False),
        ("nginx: {}\n", False),
        ("", False),
    ],
)
def test_values_are_recognised(text: str, wanted: bool) -> None:
    assert is_helm_values(text) is wanted


def test_the_objects_of_the_chart() -> None:
    objects = read_values(VALUES, "values.yaml")
    named = {service.meta.name: (service.ports[0].port, objects.replicas_of(service)) for service in objects.services}
    assert named == {
        "frappe-bench-erpnext": (8080, 2),
        "frappe-bench-erpnext-socketio": (9000, 1),
        "frappe-bench-erpnext-gunicorn": (8000, 1),
    }
    (ingress,) = objects.ingresses
    assert (ingress.class_name, ingress.rules[0].host, ingress.rules[0].location.line) == (
        "nginx",
        "erp.example.com",
        21,
    )
    assert ingress.rules[0].paths[0].backend.port == 8080
    assert [host.value for host in ingress.tls] == ["erp.example.com"]
    assert ingress.meta.annotation("nginx.ingress.kubernetes.io/affinity") == "cookie"
    nginx = objects.workloads[0]
    values = {name: text.value for name, text in objects.environment(nginx, nginx.containers[0]).items()}
    assert values["SOCKETIO"] == "frappe-bench-erpnext-socketio:9000"
    assert values["FRAPPE_SITE_NAME_HEADER"] == "$host"
    assert nginx.replicas_location is not None
    assert nginx.replicas_location.line == 5


@pytest.mark.parametrize(
    ("more", "release", "name"),
    [
        ("", "frappe-bench", "frappe-bench-erpnext"),
        ("", "my-erpnext", "my-erpnext"),
        ("fullnameOverride: erp\n", "frappe-bench", "erp"),
        ("nameOverride: erp\n", "bench", "bench-erp"),
    ],
)
def test_names_follow_the_release(more: str, release: str, name: str) -> None:
    assert read_values(VALUES + more, "values.yaml", release).services[0].meta.name == name


@pytest.mark.parametrize(
    ("values", "replicas"),
    [
        ("socketio: {replicaCount: 1}", 1),
        ("socketio: {replicaCount: 3}", 3),
        ("socketio: {replicaCount: 3, autoscaling: {enabled: false, maxReplicas: 9}}", 3),
        ("socketio: {autoscaling: {enabled: true, maxReplicas: 9}}", 9),
        ("socketio: {autoscaling: {enabled: true}}", 3),
    ],
)
def test_replicas(values: str, replicas: int) -> None:
    objects = read_values(values, "values.yaml")
    assert objects.replicas_of(objects.services[1]) == replicas


@pytest.mark.parametrize(("enabled", "routes"), [("true", 1), ("false", 0)])
def test_routes(enabled: str, routes: int) -> None:
    text = f"""httproute:
  enabled: {enabled}
  parentRefs: [{{gatewayName: public, gatewayNamespace: net, gatewaySectionName: https}}]
  hostnames: [erp.example.com]
  rules: [{{matches: [{{pathType: PathPrefix, path: /}}]}}]
"""
    found = read_values(text, "values.yaml").routes
    assert len(found) == routes
    for route in found:
        assert (route.parents[0].name, route.parents[0].section) == ("public", "https")
        assert route.rules[0].backends[0][0].service == "frappe-bench-erpnext"


def test_an_own_nginx_configuration() -> None:
    objects = read_values("nginx:\n  config: |\n    server {}\n", "values.yaml")
    nginx = objects.workloads[0]
    files = objects.files(nginx, nginx.containers[0])
    assert [(name, text.location.line) for name, text in files.items()] == [("/etc/nginx/conf.d/default.conf", 3)]


@pytest.mark.parametrize(
    ("files", "chart"),
    [(["Chart.yaml", "templates/a.yaml"], True), (["Chart.yaml"], False), (["templates/a.yaml"], False)],
)
def test_a_chart_s_folder(tmp_path: Path, files: list[str], chart: bool) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    assert is_chart(tmp_path) is chart
