"""An HTTPRoute of the Gateway API before the nginx of Frappe's chart."""

from __future__ import annotations

from raven_realtime.render.target import Target, fill, lines
from raven_realtime.render.targets.ingress import FRONTEND
from raven_realtime.render.wanted import Wanted

WHOLE = """\
# An HTTPRoute for {{names}}, before the nginx of Frappe's chart, which knows the way to web and realtime.
# Save it as httproute.yaml, then: kubectl apply -n NAMESPACE -f httproute.yaml
# The site of each host is what the chart's values say: nginx.environment.frappeSiteNameHeader; $host is its own name.
# The Gateway `{{gateway}}` has a listener with TLS for these hosts, and lets routes of this namespace in.

apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: frappe
spec:
  parentRefs:
    - name: {{gateway}}
  hostnames:
    {{hosts}}
  rules:
    - matches:
        - path: {type: PathPrefix, value: /}
      # No limit: a WebSocket lasts as long as the page is open.
      timeouts: {request: 0s}
      backendRefs:
        - name: {{service}}
          port: {{port}}
"""


def render(wanted: Wanted) -> str:
    """Return the object."""
    service, _, port = wanted.web.rpartition(":")
    return fill(
        WHOLE,
        names=wanted.names,
        gateway=wanted.gateway,
        hosts=lines([f"- {each.host}" for each in wanted.hosts], 4),
        service=service,
        port=port,
    )


TARGET = Target(
    title="an HTTPRoute of the Gateway API before the nginx of Frappe's chart",
    goes="`kubectl apply -n NAMESPACE -f httproute.yaml`.",
    proved="the linter only",
    render=render,
    takes=("web", "gateway"),
    defaults={"web": FRONTEND},
)
