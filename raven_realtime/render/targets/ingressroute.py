"""An IngressRoute of Traefik before the nginx of Frappe's chart."""

from __future__ import annotations

from raven_realtime.render.target import Target, fill, lines
from raven_realtime.render.targets.ingress import FRONTEND
from raven_realtime.render.wanted import Wanted

WHOLE = """\
# Traefik's IngressRoute for {{names}}, before the nginx of Frappe's chart, which knows the way to web and realtime.
# Save it as ingressroute.yaml, then: kubectl apply -n NAMESPACE -f ingressroute.yaml
# The site of each host is what the chart's values say: nginx.environment.frappeSiteNameHeader; $host is its own name.

apiVersion: traefik.io/v1alpha1
kind: IngressRoute
metadata:
  name: frappe
spec:
  entryPoints: [{{entrypoint}}]
  routes:
    {{routes}}
  tls:
    certResolver: {{resolver}}
---
# Traefik says wss where a WebSocket begins, and the chart's nginx would make http of it: Frappe would call back over
# http, and lose the user.
apiVersion: traefik.io/v1alpha1
kind: Middleware
metadata:
  name: frappe-https
spec:
  headers:
    customRequestHeaders:
      X-Forwarded-Proto: https
"""


def render(wanted: Wanted) -> str:
    """Return both objects."""
    service, _, port = wanted.web.rpartition(":")
    routes = [
        line
        for each in wanted.hosts
        for line in (
            "- kind: Rule",
            f"  match: Host(`{each.host}`)",
            "  middlewares:",
            "    - name: frappe-https",
            "  services:",
            f"    - name: {service}",
            f"      port: {port}",
        )
    ]
    settings = wanted.settings
    return fill(
        WHOLE,
        names=wanted.names,
        entrypoint=settings.entrypoint,
        routes=lines(routes, 4),
        resolver=settings.cert_resolver,
    )


TARGET = Target(
    title="Traefik's IngressRoute before the nginx of Frappe's chart",
    goes="`kubectl apply -n NAMESPACE -f ingressroute.yaml`.",
    proved="the linter only",
    render=render,
    takes=("web", "entrypoint", "cert_resolver"),
    defaults={"web": FRONTEND},
)
