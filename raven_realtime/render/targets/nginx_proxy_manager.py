"""The advanced tab of a proxy host of nginx-proxy-manager."""

from __future__ import annotations

from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.render.target import Target, fill, lines
from raven_realtime.render.targets.nginx import locations
from raven_realtime.render.wanted import Wanted

WHOLE = """\
# nginx-proxy-manager: web and realtime of {{names}}.
#
# Hosts → Proxy Hosts → the host → Advanced → Custom Nginx Configuration: paste all of it, and save. Under Details the
# address can stay as it is: the locations below take its place. Under SSL choose a certificate, and Force SSL.
# {{web}} is Frappe's web process and {{upstream}} its Socket.IO, as the manager's container reaches them.

# The scheme that the browser used; a proxy in front of the manager says it.
set $raven_scheme $scheme;
if ($http_x_forwarded_proto ~ "^(https|wss)$") {
    set $raven_scheme https;
}

# Browsers leave Origin out of polls of their own page, and Frappe refuses what has none: it is filled in then, and left
# as it is otherwise, so that a page of somebody else is refused still.
set $raven_origin $http_origin;
if ($raven_origin = "") {
    set $raven_origin $raven_scheme://$http_host;
}

# The Frappe site of each host.
set $raven_site "";
{{sites}}

{{locations}}
location / {
    proxy_pass http://{{web}};
    proxy_set_header Host $http_host;
    proxy_set_header X-Frappe-Site-Name $raven_site;
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    proxy_set_header X-Forwarded-Proto $raven_scheme;
    proxy_read_timeout 120s;
    client_max_body_size 50m;
}
"""


def render(wanted: Wanted) -> str:
    """Return the text."""
    sites = [f"if ($host = {each.host}) {{ set $raven_site {each.site}; }}" for each in wanted.hosts]
    return fill(
        WHOLE,
        names=wanted.names,
        sites=lines(sites, 0),
        upstream=wanted.upstream,
        locations=locations(wanted, wanted.upstream, connection="$http_connection"),
        web=wanted.web,
    )


TARGET = Target(
    title="the advanced tab of a proxy host in nginx-proxy-manager: web and realtime of a bench",
    goes="Hosts → Proxy Hosts → the host → Advanced → Custom Nginx Configuration.",
    proved="nginx, in a server block as the manager writes it; its panel by the linter only",
    render=render,
    takes=("upstream", "web"),
    defaults={"upstream": f"172.17.0.1:{SOCKETIO_PORT}", "web": f"172.17.0.1:{WEB_PORT}"},
)
