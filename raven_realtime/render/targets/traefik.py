"""A dynamic file of Traefik before a bench, without a sidecar."""

from __future__ import annotations

from raven_realtime.ports import SOCKETIO_PORT, WEB_PORT
from raven_realtime.render.target import Target, fill
from raven_realtime.render.wanted import Wanted

WHOLE = """\
# Traefik 3 before a bench, without a sidecar: web and realtime of {{names}}.
# Save it in the folder of Traefik's file provider (--providers.file.directory): Traefik takes it at once.
# Traefik in a container does not find a bench on 127.0.0.1: give --web and --upstream.

http:
  routers:
{{routers}}
  middlewares:
{{middlewares}}
  services:
    frappe-web:
      loadBalancer:
        servers:
          - url: http://{{web}}
    frappe-socketio:
      loadBalancer:
        servers:
          - url: http://{{upstream}}
"""
ROUTERS = """\
    {{name}}-web:
      rule: Host(`{{host}}`)
      entryPoints: [{{entrypoint}}]
      tls: {certResolver: {{resolver}}}
      middlewares: [{{name}}-site]
      service: frappe-web
    {{name}}-socketio:
      rule: Host(`{{host}}`) && PathPrefix(`/socket.io/`)
      entryPoints: [{{entrypoint}}]
      tls: {certResolver: {{resolver}}}
      middlewares: [{{name}}-site]
      service: frappe-socketio
    # Browsers leave Origin out of polls of their own page, and Frappe refuses what has none: it is filled in then,
    # and left as it is otherwise, so that a page of somebody else is refused still. The longest rule comes first.
    {{name}}-socketio-without-origin:
      rule: Host(`{{host}}`) && PathPrefix(`/socket.io/`) && !HeaderRegexp(`Origin`, `.`)
      entryPoints: [{{entrypoint}}]
      tls: {certResolver: {{resolver}}}
      middlewares: [{{name}}-site, {{name}}-origin]
      service: frappe-socketio
"""
MIDDLEWARES = """\
    {{name}}-site:
      headers:
        customRequestHeaders:
          X-Frappe-Site-Name: {{site}}
    {{name}}-origin:
      headers:
        customRequestHeaders:
          Origin: https://{{host}}
"""


def render(wanted: Wanted) -> str:
    """Return the file: three routers for each host."""
    settings = wanted.settings
    entrance = {"entrypoint": settings.entrypoint, "resolver": settings.cert_resolver}
    named = [(each.host.replace(".", "-"), each) for each in wanted.hosts]
    return fill(
        WHOLE,
        names=wanted.names,
        routers="".join(fill(ROUTERS, name=name, host=each.host, **entrance) for name, each in named),
        middlewares="".join(fill(MIDDLEWARES, name=name, host=each.host, site=each.site) for name, each in named),
        web=wanted.web,
        upstream=wanted.upstream,
    )


TARGET = Target(
    title="a dynamic file of Traefik before a bench, without a sidecar: web and realtime",
    goes="The folder of Traefik's file provider, as `frappe.yml`: it is taken at once. Traefik 3.",
    proved="Traefik",
    render=render,
    takes=("upstream", "web", "entrypoint", "cert_resolver"),
    defaults={"upstream": f"127.0.0.1:{SOCKETIO_PORT}", "web": f"127.0.0.1:{WEB_PORT}"},
)
