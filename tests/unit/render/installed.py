"""A rendered text where people put it: with what its program has around it, and what stands behind it."""

from __future__ import annotations

import json
from textwrap import indent

from raven_realtime.render.command import rendered
from raven_realtime.render.targets.nginx import SECOND

PORTS = {"socketio_port": 9000, "webserver_port": 8000}
REDIS = {f"redis_{name}": f"redis://127.0.0.1:{port}" for name, port in (("cache", 13000), ("queue", 11000))}
BENCH = {"common_site_config.json": json.dumps({**REDIS, "redis_socketio": REDIS["redis_cache"], **PORTS})}
"""What tells that Frappe is behind, and where."""
FRAPPE_DOCKER = """\
services:
  configurator:
    image: frappe/erpnext:v16.32.3
    entrypoint: [bash, -c]
    command:
      - >
        bench set-config -g redis_cache "redis://$$REDIS_CACHE";
        bench set-config -g redis_queue "redis://$$REDIS_QUEUE";
        bench set-config -g redis_socketio "redis://$$REDIS_QUEUE";
        bench set-config -gp socketio_port $$SOCKETIO_PORT;
    environment: {REDIS_CACHE: "redis-cache:6379", REDIS_QUEUE: "redis-queue:6379", SOCKETIO_PORT: "9000"}
    volumes: ["sites:/home/frappe/frappe-bench/sites"]
  backend:
    image: frappe/erpnext:v16.32.3
    volumes: ["sites:/home/frappe/frappe-bench/sites"]
  frontend:
    image: frappe/erpnext:v16.32.3
    command: [nginx-entrypoint.sh]
    environment: {BACKEND: "backend:8000", SOCKETIO: "websocket:9000"}
    volumes: ["sites:/home/frappe/frappe-bench/sites"]
    depends_on: [backend, websocket]
  websocket:
    image: frappe/erpnext:v16.32.3
    command: [node, /home/frappe/frappe-bench/apps/frappe/socketio.js]
    volumes: ["sites:/home/frappe/frappe-bench/sites"]
  redis-cache: {image: "redis:6.2-alpine"}
  redis-queue: {image: "redis:6.2-alpine"}
  proxy:
    image: traefik:v3.6
    command:
      - --providers.docker=true
      - --providers.docker.exposedbydefault=false
      - --entrypoints.websecure.address=:443
      - --certificatesresolvers.myresolver.acme.email=ops@example.com
      - --certificatesresolvers.myresolver.acme.storage=/letsencrypt/acme.json
      - --certificatesresolvers.myresolver.acme.tlschallenge=true
    ports: ["443:443"]
    volumes: ["/var/run/docker.sock:/var/run/docker.sock:ro", "letsencrypt:/letsencrypt"]
volumes:
  sites:
  letsencrypt:
"""
CHART = """\
image: {repository: frappe/erpnext, tag: v16.32.3}
nginx:
  replicaCount: 1
  environment: {frappeSiteNameHeader: $host}
  service: {type: ClusterIP, port: 8080}
socketio:
  replicaCount: 1
  service: {type: ClusterIP, port: 9000}
"""
SERVER = """\
server {
    listen 443 ssl;
    server_name {names};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    location / {
        proxy_pass http://127.0.0.1:8000;
        proxy_set_header Host $host;
        proxy_set_header X-Frappe-Site-Name $raven_site;
        proxy_set_header X-Forwarded-Proto $scheme;
    }
    {more}
}
"""
"""A server block that serves the site already."""
MANAGERS = """\
server {
    set $forward_scheme http;
    set $server "172.17.0.1";
    set $port 8000;
    listen 443 ssl;
    server_name {names};
    ssl_certificate {certificate};
    ssl_certificate_key {key};
    {more}
}
"""
"""A server block as nginx-proxy-manager writes it, whose own `location /` is left out where the text has one."""
CERTIFICATE = "/etc/letsencrypt/live/npm-1/fullchain.pem"


def server(block: str, more: str, names: str, certificate: str = CERTIFICATE, key: str = "") -> str:
    """Return a server block with more in it."""
    values = {"names": names, "certificate": certificate, "key": key or certificate.replace("fullchain", "privkey")}
    for name, value in values.items():
        block = block.replace("{" + name + "}", value)
    return block.replace("{more}", indent(more, "    ").lstrip())


def nginx(text: str, names: str, certificate: str = CERTIFICATE, key: str = "") -> str:
    """Return what nginx has at http level: the first part, and a server block with the second."""
    first, mark, second = text.partition(SECOND)
    return first + server(SERVER, f"{mark}{second}", names, certificate, key)


def manager(text: str, names: str, certificate: str = CERTIFICATE, key: str = "") -> str:
    """Return the file of a proxy host with the advanced tab's text."""
    return server(MANAGERS, text, names, certificate, key)


def files(what: str, hosts: list[str]) -> dict[str, str]:
    """Return the files of a system that a target's text is part of, by their names."""
    text = rendered(what, {"hosts": hosts})
    names = " ".join(host.partition("=")[0] for host in hosts)
    match what:
        case "nginx":
            return {"frappe.conf": nginx(text, names), **BENCH}
        case "nginx-proxy-manager":
            return {"proxy_host/1.conf": manager(text, names), **BENCH}
        case "labels":
            whole = rendered("compose", {"hosts": hosts})
            labels = indent(text, "      ")
            start = whole.index("    labels:\n") + len("    labels:\n")
            assert whole[start:].startswith(labels)  # the same, whichever of the two is asked for
            return {"compose.yaml": whole, **BENCH}
        case "cloudflared":
            return {"config.yml": text, "nginx.conf": rendered("multiplexer", {"hosts": hosts}), **BENCH}
        case "frappe-docker":
            return {"compose.yaml": FRAPPE_DOCKER, "compose.raven-realtime.yaml": text}
        case "ingress" | "ingressroute" | "httproute":
            return {f"{what}.yaml": text, "values.yaml": CHART}
        case "caddy":
            return {"Caddyfile": text, **BENCH}
        case _:
            ending = {"haproxy": "cfg", "compose": "yaml", "traefik": "yml"}.get(what, "conf")
            return {f"frappe.{ending}": text, **BENCH}
