"""The nginx of a bench, whole: what `bench setup nginx` writes, with what the realtime path needs."""

from __future__ import annotations

from textwrap import indent

from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.render.target import Target, fill
from raven_realtime.render.targets import nginx
from raven_realtime.render.wanted import Wanted

WHOLE = """\
# The nginx of the bench {{bench}}: web and realtime of {{names}}.
#
# `bench setup nginx` writes {{bench}}/config/nginx.conf, and /etc/nginx/conf.d has a link to that. Save this
# as /etc/nginx/conf.d/frappe-bench.conf in the place of the link: then bench does not write over it.
# Then: nginx -t && nginx -s reload

{{http}}
upstream frappe-bench-frappe {
    server {{web}} fail_timeout=0;
}

server {
    listen 80;
    listen [::]:80;
    server_name {{names}};
    return 301 https://$host$request_uri;
}

server {
    listen 443 ssl;
    listen [::]:443 ssl;
    server_name {{names}};

    ssl_certificate     {{certificate}};
    ssl_certificate_key {{key}};
    ssl_protocols TLSv1.2 TLSv1.3;

    root {{bench}}/sites;
    client_max_body_size 50m;

    add_header X-Frame-Options "SAMEORIGIN";
    add_header X-Content-Type-Options nosniff;

{{locations}}
    location /assets {
        try_files $uri =404;
    }

    # Private files: Frappe says which, nginx sends them.
    location ~ ^/protected/(.*) {
        internal;
        try_files /$raven_site/$1 =404;
    }

    location / {
        try_files /$raven_site/public/$uri @webserver;
    }

    location @webserver {
        proxy_pass http://frappe-bench-frappe;
        proxy_http_version 1.1;
        proxy_set_header Host $host;
        proxy_set_header X-Frappe-Site-Name $raven_site;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $raven_scheme;
        proxy_set_header X-Use-X-Accel-Redirect True;
        proxy_read_timeout 120s;
        proxy_redirect off;
    }
}
"""
SOCKETIO = "frappe-bench-socketio-server"


def render(wanted: Wanted) -> str:
    """Return the file."""
    return fill(
        WHOLE,
        names=wanted.names,
        bench=wanted.bench,
        http=nginx.http(wanted, SOCKETIO),
        web=wanted.web,
        certificate=wanted.certificate,
        key=wanted.certificate_key,
        locations=indent(nginx.locations(wanted, SOCKETIO), "    "),
    )


TARGET = Target(
    title="the nginx of a bench, whole: web, files and realtime, with TLS",
    goes="`/etc/nginx/conf.d/frappe-bench.conf`, in the place of bench's own link. `nginx -t && nginx -s reload`.",
    proved="nginx, the newest too",
    render=render,
    takes=("upstream", "web", "bench", "certificate", "certificate_key"),
    defaults={"upstream": f"127.0.0.1:{SOCKETIO_PORT}", "web": f"127.0.0.1:{WEB_PORT}"},
)
