"""RT008: origin refused."""

from types import MappingProxyType

from raven_realtime.findings.entry import Entry, Level

ENTRY = Entry(
    code="RT008",
    title="Origin refused",
    level=Level.ERROR,
    hop="proxy",
    meaning="""\
Frappe compares the host in `Host` with the one in `Origin` and refuses what differs. Browsers leave `Origin` out of
same-origin polling GETs, and Frappe looks at the first request of a session: a proxy that passes on only what it
got sends no Origin at all. A probe that begins with a WebSocket, which always carries Origin, never sees this.
""",
    shows="""\
Handshake 200, upgrade 101, then `44/site,{"message":"Invalid origin"}`; the page says that realtime is not working
while every curl is right.
""",
    remedy="""\
Let the proxy fill in `Origin` where the browser left it out, from the scheme and host that the browser used; where
there is one, pass it on unchanged, so that Frappe's check keeps its worth. And pass on `Host` as the browser sent
it.
""",
    said=(
        "Invalid origin",
        "Realtime events are not working",
    ),
    source="frappe#33371, raven#2195, raven#1860; frappe realtime/middlewares/authenticate.js",
    remedies=MappingProxyType(
        {
            "nginx": """\
At http level, and in the location of `/socket.io/`:

    map $http_x_forwarded_proto $rt_scheme { default $scheme; https https; wss https; }
    map $http_origin $rt_origin { default $http_origin; "" $rt_scheme://$http_host; }

    proxy_set_header Host $http_host;
    proxy_set_header Origin $rt_origin;
""",
            "traefik": """\
Traefik cannot fill in a header only where it is missing. Put the nginx sidecar between it and Socket.IO
(`pulumi up --stack prod`). Setting Origin for all requests with a headers middleware would disable Frappe's check.
""",
            "frappe_docker": """\
The frontend image's nginx sets Origin from `$scheme`, which behind a TLS proxy is http (RT011). Use a template
whose Origin comes from X-Forwarded-Proto, and see that the outer proxy passes on Host unchanged.
""",
            "ngrok": """\
Do not rewrite Host (`--host-header`) in the tunnel unless it is rewritten to the public host: Host and Origin must
name the same one. nginx behind it fills in Origin: `raven-realtime render` prints the configuration.
""",
        }
    ),
)
