"""An override for frappe_docker: Traefik's labels for its frontend, and the sidecar before its Socket.IO."""

from __future__ import annotations

from textwrap import indent

from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.problem import Problem
from raven_realtime.render.target import Target, fill, lines
from raven_realtime.render.targets import compose
from raven_realtime.render.wanted import Wanted

WHOLE = """\
# frappe_docker behind Traefik: web and realtime of {{names}}.
# Save it as compose.raven-realtime.yaml beside frappe_docker's compose.yaml, then, with your other overrides:
#   docker compose -f compose.yaml -f compose.raven-realtime.yaml … up -d
# Needs Docker Compose 2.23.1 or later, and a Traefik that reads labels (--providers.docker).

services:
  # The web: frappe_docker's own nginx.
  frontend:
    environment:
      FRAPPE_SITE_NAME_HEADER: {{site}}
    labels:
      {{labels}}{{networks}}

  # Frappe's realtime process asks the web who a user is, at the public address: it has to find that from inside.
  websocket:
    extra_hosts:
      {{hosts}}

  # The realtime path has an nginx of its own, before Traefik's router of the web by its longer rule. frappe_docker's
  # nginx makes http of Traefik's wss, and takes the site's name for the host.
{{service}}
{{configs}}"""


def _site(wanted: Wanted) -> str:
    """Return what the frontend takes for the site's name."""
    sites = {each.site for each in wanted.hosts}
    if all(each.site == each.host for each in wanted.hosts):
        return "$$host"
    if len(sites) == 1:
        return sites.pop()
    raise Problem(
        "--host: frappe_docker's frontend has one site for all hosts, or for each host the site of its name. "
        f"Found: {', '.join(f'{each.host}={each.site}' for each in wanted.hosts)}. "
        "Name each site like its host, or run a frontend for each."
    )


def _labels(wanted: Wanted) -> list[str]:
    settings = wanted.settings
    rule = " || ".join(f"Host(`{each.host}`)" for each in wanted.hosts)
    said = {
        "traefik.enable": "true",
        "traefik.http.routers.frappe-web.rule": rule,
        "traefik.http.routers.frappe-web.entrypoints": settings.entrypoint,
        "traefik.http.routers.frappe-web.tls.certresolver": settings.cert_resolver,
        "traefik.http.routers.frappe-web.service": "frappe-web",
        "traefik.http.services.frappe-web.loadbalancer.server.port": "8080",
        **({"traefik.docker.network": settings.networks[0]} if settings.networks else {}),
    }
    return [f'- "{name}={value}"' for name, value in said.items()]


def render(wanted: Wanted) -> str:
    """Return the file.

    Raises:
        Problem: sites that the frontend cannot tell apart.
    """
    networks = [f"{name}: {{}}" for name in ("default", *wanted.settings.networks)]
    whole = fill(
        WHOLE,
        names=wanted.names,
        site=_site(wanted),
        labels=lines(_labels(wanted), 6),
        networks=f"\n    networks:\n      {lines(networks, 6)}" if wanted.settings.networks else "",
        hosts=lines([f'- "{each.host}:host-gateway"' for each in wanted.hosts], 6),
        service=indent(compose.service(wanted, beside=True), "  "),
        configs=compose.configs(wanted),
    )
    return whole + compose.networks(wanted)


TARGET = Target(
    title="an override for frappe_docker: Traefik's labels for the frontend, and the sidecar before Socket.IO",
    goes="`compose.raven-realtime.yaml`, as one more `-f` of `docker compose`.",
    proved="Traefik and nginx in Docker, before a stand-in for the frontend; compose itself by the linter only",
    render=render,
    takes=compose.TARGET.takes,
    defaults={"upstream": f"websocket:{SOCKETIO_PORT}"},
)
