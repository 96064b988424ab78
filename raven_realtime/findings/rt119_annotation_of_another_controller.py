"""RT119: an annotation is another controller's, or there are two that read its prefix."""

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT119",
    title="The annotation is one controller's of several",
    level=Level.NOTE,
    hop="edge",
    meaning="""\
Two controllers are called nginx. The Kubernetes community's ingress-nginx reads `nginx.ingress.kubernetes.io/…`; F5's
NGINX Ingress Controller reads `nginx.org/…`. Each passes over the other's annotations in silence, so that a time-out
which stands in the file may not be in force. F5's needs `nginx.org/websocket-services` for an upgrade.
""",
    shows="""\
WebSockets end after 60 s, or never begin, although the Ingress says otherwise.
""",
    remedy="""\
Look at the class: `kubectl get ingressclass -o wide`. `k8s.io/ingress-nginx` is the community's,
`nginx.org/ingress-controller` is F5's. Write the annotations of the one that runs.
""",
    source="https://docs.nginx.com/nginx-ingress-controller/install/migrate-ingress-nginx/",
)
