"""An Ingress before the nginx of Frappe's chart."""

from __future__ import annotations

from raven_realtime.render.target import Target, fill, lines
from raven_realtime.render.wanted import Wanted

FRONTEND = "frappe-bench-erpnext:8080"
"""The nginx of a release `frappe-bench` of Frappe's chart."""
WHOLE = """\
# An Ingress for {{names}}, before the nginx of Frappe's chart, which knows the way to web and realtime.
# Save it as ingress.yaml, then: kubectl apply -n NAMESPACE -f ingress.yaml
# The site of each host is what the chart's values say: nginx.environment.frappeSiteNameHeader; $host is its own name.

apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: frappe
  annotations:
    cert-manager.io/cluster-issuer: {{issuer}}{{annotations}}
spec:
  ingressClassName: {{class}}
  tls:
    - secretName: frappe-tls
      hosts: [{{hosts}}]
  rules:
    {{rules}}
"""
OF_INGRESS_NGINX = """
    # A silent connection stays open, and each event is passed on at once.
    nginx.ingress.kubernetes.io/proxy-read-timeout: "{{timeout}}"
    nginx.ingress.kubernetes.io/proxy-send-timeout: "{{timeout}}"
    nginx.ingress.kubernetes.io/proxy-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-body-size: 50m"""


def render(wanted: Wanted) -> str:
    """Return the object; the annotations are those of the class ``nginx``, which others do not read."""
    service, _, port = wanted.web.rpartition(":")
    rules = [
        line
        for each in wanted.hosts
        for line in (
            f"- host: {each.host}",
            "  http:",
            "    paths:",
            "      - path: /",
            "        pathType: Prefix",
            "        backend:",
            "          service:",
            f"            name: {service}",
            f"            port: {{number: {port}}}",
        )
    ]
    of_nginx = wanted.ingress_class == "nginx"
    return fill(
        WHOLE,
        names=wanted.names,
        issuer=wanted.settings.cert_resolver,
        annotations=fill(OF_INGRESS_NGINX, timeout=wanted.timeout) if of_nginx else "",
        **{"class": wanted.ingress_class},
        hosts=", ".join(each.host for each in wanted.hosts),
        rules=lines(rules, 4),
    )


TARGET = Target(
    title="an Ingress before the nginx of Frappe's chart",
    goes="`kubectl apply -n NAMESPACE -f ingress.yaml`.",
    proved="the linter only",
    render=render,
    takes=("web", "cert_resolver", "ingress_class"),
    defaults={"web": FRONTEND},
)
