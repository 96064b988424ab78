"""An nginx that serves the site already: maps for http level, and locations for its server block."""

from __future__ import annotations

from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.render.target import Target, fill, lines
from raven_realtime.render.wanted import Wanted

HTTP = """\
# The scheme that the browser used. A proxy in front says it; Traefik says wss where a WebSocket begins.
map $http_x_forwarded_proto $raven_scheme {
    default $scheme;
    https   https;
    wss     https;
}

# Browsers leave Origin out of polls of their own page, and Frappe refuses what has none: it is filled in then, and
# left as it is otherwise, so that a page of somebody else is refused still.
map $http_origin $raven_origin {
    default $http_origin;
    ""      $raven_scheme://$http_host;
}

# Only what asks for an upgrade is one; other requests share connections.
map $http_upgrade $raven_connection {
    default upgrade;
    ""      "";
}

# The Frappe site of each host.
map $host $raven_site {
    default "";
    {{sites}}
}

upstream {{socketio}} {
    server {{upstream}};
    # Node closes what is idle for 5 s
    keepalive 32;
    keepalive_timeout 4s;
}
"""
LOCATIONS = """\
location = /socket.io {
    rewrite ^ /socket.io/ last;
}

location /socket.io/ {
    proxy_pass http://{{socketio}};

    proxy_http_version 1.1;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection {{connection}};

    # Frappe compares Host with Origin, and takes the site from the header.
    proxy_set_header Host $host;
    proxy_set_header Origin $raven_origin;
    proxy_set_header X-Frappe-Site-Name $raven_site;

    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $raven_scheme;

    # A silent connection stays open, and each event is passed on at once.
    proxy_read_timeout {{timeout}}s;
    proxy_send_timeout {{timeout}}s;
    proxy_buffering off;
}
"""
WHOLE = """\
# Frappe's realtime path for an nginx that serves the site already ({{names}}).

# 1. At http level: save this part as /etc/nginx/conf.d/raven-realtime.conf.

{{http}}
# 2. In the site's server block, in the place of a location for /socket.io that is there: save this part as
#    /etc/nginx/snippets/raven-realtime.conf, and write `include snippets/raven-realtime.conf;` into the block.
#    Then: nginx -t && nginx -s reload

{{locations}}"""
SECOND = "# 2. "
"""Where the second part begins."""


def http(wanted: Wanted, socketio: str) -> str:
    """Return the maps and the upstream.

    Args:
        wanted: hosts, sites, Socket.IO's address.
        socketio: what the upstream is called.
    """
    sites = [f"{each.host} {each.site};" for each in wanted.hosts]
    return fill(HTTP, sites=lines(sites, 4), socketio=socketio, upstream=wanted.upstream)


def locations(wanted: Wanted, socketio: str, connection: str = "$raven_connection") -> str:
    """Return the locations of Socket.IO, which need the variables that `http` returns.

    Args:
        wanted: nginx' timeout.
        socketio: the upstream's name, or its address.
        connection: what the Connection header becomes.
    """
    return fill(LOCATIONS, socketio=socketio, timeout=wanted.timeout, connection=connection)


def render(wanted: Wanted) -> str:
    """Return both parts."""
    socketio = "raven-socketio"
    return fill(WHOLE, names=wanted.names, http=http(wanted, socketio), locations=locations(wanted, socketio))


TARGET = Target(
    title="an nginx that serves the site already: maps, and locations for its server block",
    goes="Two parts: one at http level, one into the server block. `nginx -t && nginx -s reload`.",
    proved="nginx, the newest too",
    render=render,
    takes=("upstream",),
    defaults={"upstream": f"127.0.0.1:{SOCKETIO_PORT}"},
)
