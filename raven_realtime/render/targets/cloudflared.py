"""config.yml of cloudflared before an nginx that serves both."""

from __future__ import annotations

from raven_realtime.ports import MULTIPLEXER_PORT
from raven_realtime.render.target import Target, fill, lines
from raven_realtime.render.wanted import Wanted

WHOLE = """\
# cloudflared before an nginx that serves web and realtime: {{names}}.
#
# A tunnel cannot fill in the Origin that browsers leave out, so it leads to an nginx that does: the one of
# `raven-realtime render multiplexer`, a bench's own, or frappe_docker's frontend. Say where with --web.
#
# cloudflared tunnel create --credentials-file /etc/cloudflared/frappe.json frappe
# Save this as /etc/cloudflared/config.yml, then:
{{routes}}
# cloudflared tunnel ingress validate && systemctl restart cloudflared

tunnel: frappe
credentials-file: /etc/cloudflared/frappe.json

ingress:
  {{hosts}}
  - service: http_status:404
"""


def render(wanted: Wanted) -> str:
    """Return the file."""
    routes = [f"# cloudflared tunnel route dns frappe {each.host}" for each in wanted.hosts]
    hosts = [line for each in wanted.hosts for line in (f"- hostname: {each.host}", f"  service: http://{wanted.web}")]
    return fill(WHOLE, names=wanted.names, routes=lines(routes, 0), hosts=lines(hosts, 2))


TARGET = Target(
    title="config.yml of cloudflared before an nginx that serves web and realtime",
    goes="`/etc/cloudflared/config.yml`. `cloudflared tunnel ingress validate`, then restart it.",
    proved="the linter only",
    render=render,
    takes=("web",),
    defaults={"web": f"127.0.0.1:{MULTIPLEXER_PORT}"},
)
