"""Who leads to whom."""

from __future__ import annotations

import pytest

from raven_realtime.places.kubernetes import Objects, merged, read

SERVICE = """apiVersion: v1
kind: Service
metadata: {name: realtime, namespace: erp}
spec:
  selector: {app: realtime}
  ports: [{name: http, port: 80, targetPort: ws}, {name: plain, port: 9000}, {name: odd, port: 1, targetPort: none}]
---
"""
SCALER = """apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: realtime}
spec: {scaleTargetRef: {kind: Deployment, name: %s}, minReplicas: 2, maxReplicas: 5}
---
"""
CONFIG = """apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data:
  SITE: erp.example.com
  default.conf: |
    server {}
---
"""


def workload(
    kind: str = "Deployment", replicas: str = "replicas: 3", labels: str = "app: realtime, x: y", owner: str = ""
) -> str:
    return f"""apiVersion: apps/v1
kind: {kind}
metadata: {{name: realtime{owner}}}
spec:
  {replicas}
  template:
    metadata: {{labels: {{{labels}}}}}
    spec:
      containers:
        - name: sidecar
          image: example/sidecar:1
        - name: app
          image: example/realtime:1
          command: [node]
          args: [socketio.js]
          ports: [{{name: ws, containerPort: 9001}}]
          envFrom: [{{configMapRef: {{name: conf}}}}]
          env:
            - {{name: PORT, value: "9001"}}
            - {{name: HOST, valueFrom: {{configMapKeyRef: {{name: conf, key: SITE}}}}}}
            - {{name: SECRET, valueFrom: {{secretKeyRef: {{name: s, key: k}}}}}}
          readinessProbe: {{httpGet: {{path: /health, port: ws}}}}
          volumeMounts:
            - {{name: conf, mountPath: /etc/nginx/conf.d}}
            - {{name: conf, mountPath: /one.conf, subPath: default.conf}}
      volumes: [{{name: conf, configMap: {{name: conf}}}}]
---
"""


def pod(name: str, owner: str = "") -> str:
    owners = f", ownerReferences: [{{kind: {owner}, name: x}}]" if owner else ""
    return f"""apiVersion: v1
kind: Pod
metadata: {{name: {name}, labels: {{app: realtime}}{owners}}}
spec: {{containers: [{{name: app, image: i}}]}}
---
"""


@pytest.mark.parametrize(
    ("text", "replicas"),
    [
        (workload(), 3),
        (workload(replicas=""), 1),
        (workload(replicas="replicas: 0"), 0),
        (workload() + SCALER % "realtime", 5),
        (workload() + SCALER % "other", 3),
        (workload(replicas="replicas: 0") + SCALER % "realtime", 0),
        (workload("StatefulSet"), 3),
        (workload("DaemonSet", ""), None),
        (workload(labels="app: other"), None),
        (pod("a") + pod("b"), 2),
        (pod("a", "ReplicaSet") + pod("b", "ReplicaSet"), 2),
        (workload() + pod("a", "ReplicaSet"), 3),
    ],
)
def test_replicas(text: str, replicas: int | None) -> None:
    objects = read(SERVICE + text, "a.yaml")
    assert objects.replicas_of(objects.services[0]) == replicas


@pytest.mark.parametrize(("name", "target"), [("http", 9001), ("plain", 9000), ("odd", None)])
def test_ports_are_resolved_by_name(name: str, target: int | None) -> None:
    objects = read(SERVICE + workload(), "a.yaml")
    port = objects.services[0].port(None, name)
    assert port is not None
    assert objects.target_port(objects.services[0], port) == target


@pytest.mark.parametrize(
    ("address", "namespace", "port"),
    [
        ("realtime:9000", "erp", 9000),
        ("realtime:9000", "", 9000),
        ("realtime.erp:80", "other", 80),
        ("realtime.erp.svc.cluster.local:9000", "other", 9000),
        ("REALTIME.erp.svc.:9000", "other", 9000),
        ("realtime-0.realtime.erp.svc.cluster.local:9000", "other", 9000),
        ("realtime", "erp", None),
    ],
)
def test_addresses_within_the_cluster(address: str, namespace: str, port: int | None) -> None:
    found = read(SERVICE, "a.yaml").resolve(address, namespace)
    assert found is not None
    assert found[0].meta.name == "realtime"
    assert (found[1].port if found[1] else None) == port


@pytest.mark.parametrize(
    ("address", "namespace"), [("other:9000", "erp"), ("realtime:9000", "shop"), ("realtime.shop:80", ""), ("", "")]
)
def test_other_addresses(address: str, namespace: str) -> None:
    assert read(SERVICE, "a.yaml").resolve(address, namespace) is None


def test_the_container_that_answers_and_what_it_has() -> None:
    objects = read(SERVICE + workload() + CONFIG, "a.yaml")
    service = objects.services[0]
    found = objects.container_of(service, service.ports[0])
    assert found is not None
    deployment, container = found
    assert (container.name, container.command, container.args) == ("app", ("node",), ("socketio.js",))
    assert container.image is not None
    assert (container.image.value, container.image.location.line) == ("example/realtime:1", 20)
    assert container.ready is not None
    assert (container.ready.path, container.ready.port) == ("/health", "ws")
    values = {name: text.value for name, text in objects.environment(deployment, container).items() if "." not in name}
    assert values == {"SITE": "erp.example.com", "PORT": "9001", "HOST": "erp.example.com"}
    files = objects.files(deployment, container)
    assert files["/etc/nginx/conf.d/default.conf"].value == files["/one.conf"].value == "server {}\n"
    assert deployment.replicas_location is not None
    assert deployment.replicas_location.line == 12


def test_several_files_are_put_together() -> None:
    one, other = read(SERVICE, "a.yaml"), read(SERVICE + workload(), "b.yaml")
    objects = merged([one, other, Objects()])
    assert [service.meta.location.path for service in objects.services] == ["a.yaml"]
    assert objects.replicas_of(objects.services[0]) == 3
