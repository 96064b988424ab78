"""Small manifests, and what their one proxy makes of a request."""

from __future__ import annotations

from functools import cache

from raven_realtime.places.kubernetes import Objects, merged, read
from raven_realtime.proxies.ingress.read import proxies
from raven_realtime.proxies.interface import Headers, Outcome, Passed, Proxy, Request

SERVICES = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 8080, targetPort: 80}]}
---
apiVersion: v1
kind: Service
metadata: {name: realtime}
spec: {ports: [{name: ws, port: 9000}]}
---
"""
UPGRADE: Headers = (("Connection", "Upgrade"), ("Upgrade", "websocket"))


@cache
def _read(manifest: str, name: str) -> Objects:
    return read(manifest, name)


def path(text: str, kind: str = "Prefix", service: str = "web", port: str = "name: http") -> str:
    return f'{{path: "{text}", pathType: {kind}, backend: {{service: {{name: {service}, port: {{{port}}}}}}}}}'


REALTIME = path("/socket.io", service="realtime", port="number: 9000")


def ingress_class(controller: str) -> str:
    return f"""apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: nginx}}
spec: {{controller: {controller}}}
---
"""


def ingress(
    annotations: str = "",
    *paths: str,
    klass: str = "nginx",
    host: str = "a.example.com",
    spec: str = "",
    name: str = "app",
) -> str:
    """Write an Ingress; annotations as lines of a map without their prefix's indentation."""
    noted = "".join(f"    {line}\n" for line in annotations.strip("\n").split("\n") if line)
    return f"""apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  annotations:
{noted}spec:
  ingressClassName: {klass}
  {spec}
  rules:
    - host: "{host}"
      http:
        paths: [{", ".join(paths or [path("/")])}]
---
"""


def proxy(*manifests: str, services: str = SERVICES) -> Proxy:
    made = proxies(merged([_read("".join(manifests), "app.yaml"), _read(services, "services.yaml")]))
    assert len(made) == 1
    return made[0]


def ask(
    *manifests: str,
    host: str = "a.example.com",
    target: str = "/",
    tls: bool = True,
    headers: Headers = (),
    method: str = "GET",
    services: str = SERVICES,
) -> Outcome:
    request = Request(host, target, method, headers, tls=tls, port=443 if tls else 80)
    return proxy(*manifests, services=services).handle(request)


def passed(outcome: Outcome) -> Passed:
    assert isinstance(outcome, Passed), outcome
    return outcome


def named(outcome: Outcome, header: str) -> list[str]:
    """Return the values of a header as the server gets it."""
    return passed(outcome).request.values(header)
