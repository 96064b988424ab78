"""A haproxy.cfg before a bench."""

from __future__ import annotations

from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.render.target import Target, fill, lines
from raven_realtime.render.wanted import Wanted

WHOLE = """\
# HAProxy before a bench: web and realtime of {{names}}.
# Save it as /etc/haproxy/haproxy.cfg, then: haproxy -c -f /etc/haproxy/haproxy.cfg && systemctl reload haproxy

defaults
    mode http
    option forwardfor
    timeout connect 5s
    # longer than a poll, which Socket.IO answers within 25 s
    timeout client 120s
    timeout server 120s
    # a WebSocket, in silence
    timeout tunnel {{timeout}}s

frontend frappe
    bind :80
    # the certificate with its chain and its key, in one file
    bind :443 ssl crt {{certificate}} alpn h2,http/1.1
    http-request redirect scheme https code 301 unless { ssl_fc }
    http-request set-header X-Forwarded-Proto https

    # The Frappe site of each host; any other host is refused.
    http-request deny deny_status 421 unless { req.hdr(host),field(1,:),lower {{names}} }
    {{sites}}

    # Browsers leave Origin out of polls of their own page, and Frappe refuses what has none: it is filled in then, and
    # left as it is otherwise, so that a page of somebody else is refused still.
    acl socketio path_beg /socket.io/
    acl has_origin req.hdr(origin) -m found
    http-request set-header Origin https://%[req.hdr(host)] if socketio !has_origin

    use_backend socketio if socketio
    default_backend web

# Frappe's realtime process
backend socketio
    server socketio {{upstream}}

# Frappe's web process
backend web
    server web {{web}}
"""


def render(wanted: Wanted) -> str:
    """Return the file."""
    sites = [
        f"http-request set-header X-Frappe-Site-Name {each.site} if {{ req.hdr(host),field(1,:),lower {each.host} }}"
        for each in wanted.hosts
    ]
    return fill(
        WHOLE,
        names=wanted.names,
        timeout=wanted.timeout,
        certificate=wanted.certificate,
        sites=lines(sites, 4),
        upstream=wanted.upstream,
        web=wanted.web,
    )


TARGET = Target(
    title="a haproxy.cfg before a bench: web and realtime, with TLS",
    goes="`/etc/haproxy/haproxy.cfg`. `haproxy -c -f FILE`, then `systemctl reload haproxy`.",
    proved="HAProxy, the newest too",
    render=render,
    takes=("upstream", "web", "certificate"),
    defaults={
        "upstream": f"127.0.0.1:{SOCKETIO_PORT}",
        "web": f"127.0.0.1:{WEB_PORT}",
        "certificate": "/etc/haproxy/certs/{host}.pem",
    },
)
