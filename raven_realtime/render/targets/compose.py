"""A compose file with the sidecar: nginx.conf, labels and limits of production's, in one service."""

from __future__ import annotations

from textwrap import indent

from raven_realtime.ports import SOCKETIO_PORT
from raven_realtime.render.target import Target, fill, lines
from raven_realtime.render.wanted import Wanted
from raven_realtime.sidecar import configuration, hardened, labels

IMAGE = "docker.io/library/nginx:stable"
SERVICE = """\
frappe-socketio:
  # `docker buildx imagetools inspect {{tag}}` shows the digest to pin it by: --image NAME@sha256:…
  image: {{image}}
  entrypoint: [nginx]
  command: [{{command}}]
  configs:
    - source: frappe-socketio
      target: {{folder}}/nginx.conf
  labels:
    {{labels}}{{hosts}}{{networks}}
  restart: unless-stopped
  # It asks nginx itself, never Socket.IO: Traefik drops the routes of what is unhealthy.
  healthcheck:
    test:
      - CMD-SHELL
      - {{health}}
    interval: 1s
    timeout: 5s
    retries: 4
  stop_signal: SIGQUIT
  stop_grace_period: {{grace}}s
  # It may write nowhere but in memory, gain no rights, and take no more than it needs.
  user: "{{user}}"
  read_only: true
  tmpfs: ["/tmp:rw,noexec,nosuid,nodev,size=64m,mode=1777"]
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  sysctls: {net.ipv4.ip_unprivileged_port_start: "0"}
  ulimits: {nofile: {{files}}}
  mem_limit: {{memory}}m
  memswap_limit: {{memory}}m
  logging:
    driver: json-file
    options: {max-size: 10m, max-file: "3"}
"""
WHOLE = """\
# The sidecar between Traefik and Socket.IO: {{names}}.
# Save it as compose.yaml in a folder of its own, then: docker compose up -d
# Needs Docker Compose 2.23.1 or later, and a Traefik that reads labels (--providers.docker).

services:
{{service}}
{{configs}}"""
CONFIGS = """\
configs:
  frappe-socketio:
    # nginx.conf, with each $ written twice, as compose wants it
    content: |
{{content}}"""
NETWORKS = """
networks:
  {{names}}
"""


def service(wanted: Wanted, *, beside: bool = False) -> str:
    """Return the sidecar's service.

    Args:
        wanted: what it serves.
        beside: whether Socket.IO is a service of the same project, on its default network.
    """
    settings = wanted.settings
    asked = hardened.container(settings)
    said = [f'- "{name}={value}"' for name, value in sorted(labels.routing(settings).items())]
    hosts = [f'"{each["host"]}:{each["ip"]}"' for each in asked["hosts"] or ()]
    networks = [f"{name}: {{aliases: [frappe-socketio]}}" for name in settings.networks]
    if networks and beside:
        networks.insert(0, "default: {}")
    return fill(
        SERVICE,
        tag=IMAGE,
        image=settings.image or IMAGE,
        command=", ".join(asked["command"]),
        folder=configuration.CONFIG_FOLDER,
        labels=lines(said, 4),
        hosts=f"\n  extra_hosts: [{', '.join(hosts)}]" if hosts else "",
        networks=f"\n  networks:\n    {lines(networks, 4)}" if networks else "",
        health=f'"{hardened.HEALTH}"',
        grace=asked["stop_timeout"],
        user=asked["user"],
        files=asked["ulimits"][0]["hard"],
        memory=asked["memory"],
    )


def configs(wanted: Wanted) -> str:
    """Return the section that holds the sidecar's nginx.conf."""
    content = configuration.render(wanted.settings, beside=True).replace("$", "$$")
    return fill(CONFIGS, content=indent(content, "      "))


def networks(wanted: Wanted) -> str:
    """Return the section that names the networks, which are there already; nothing where there is none."""
    named = [f"{name}: {{external: true}}" for name in wanted.settings.networks]
    return fill(NETWORKS, names=lines(named, 2)) if named else ""


def render(wanted: Wanted) -> str:
    """Return the file."""
    whole = fill(WHOLE, names=wanted.names, service=indent(service(wanted), "  "), configs=configs(wanted))
    return whole + networks(wanted)


TARGET = Target(
    title="a compose file with the sidecar: its nginx.conf, Traefik's labels and its limits in one service",
    goes="`compose.yaml` in a folder of its own, on the server with Traefik. `docker compose up -d`.",
    proved="Traefik and nginx in Docker; compose itself by the linter only",
    render=render,
    takes=("upstream", "networks", "entrypoint", "cert_resolver", "router", "traefik_version", "image", "capacity"),
    defaults={"upstream": f"172.17.0.1:{SOCKETIO_PORT}"},
)
