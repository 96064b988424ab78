"""RT011: connected as Guest: rooms stay empty."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT011",
    title="Connected as Guest: rooms stay empty",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
Frappe asks the web who the user is at the address in `Origin`. Behind a proxy that ends TLS, nginx's `$scheme` is
http: the question goes to `http://…`, is redirected to https, loses its cookie on the way, and the answer is Guest.
The socket is connected, and joins none of the user's rooms.
""",
    shows="""\
Connected, no error anywhere, and neither messages nor notifications arrive. Events to everybody do.
""",
    remedy="""\
Build Origin from `X-Forwarded-Proto`, with both `https` and `wss` (Traefik's word on upgrades) mapped to https.
""",
    said=("Guest",),
    source="frappe_docker#1817, helm#281",
    remedies=MappingProxyType(
        {
            "nginx": """\
At http level, and in the location of `/socket.io/`:

    map $http_x_forwarded_proto $rt_scheme { default $scheme; https https; wss https; }
    map $http_origin $rt_origin { default $http_origin; "" $rt_scheme://$http_host; }

    proxy_set_header Origin $rt_origin;
    proxy_set_header X-Forwarded-Proto $rt_scheme;
""",
            "frappe_docker": """\
The image's nginx template sets `Origin $scheme://$host`. Mount a template that takes the scheme from
X-Forwarded-Proto, or put the sidecar of this project in front of `websocket:9000`.
""",
            "traefik": """\
Traefik sends X-Forwarded-Proto rightly; the nginx behind it ignores it. On the entrypoint, trust the proxies before
Traefik: `forwardedHeaders.trustedIPs`.
""",
        }
    ),
)
