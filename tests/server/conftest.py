"""One server for all tests here, with the seed's sidecar run on it by hand."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.server import Server

HOST, SECOND_HOST = "v2.sysmayal.cloud", "erp.example.com"
SECOND_SITE = "erp.localhost"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server of this test run's own, up; its folder's path is short enough for the sockets in it."""
    folder = Path(tempfile.mkdtemp(prefix="rr-server-"))
    built = Server(f"test-{os.getpid()}", folder, (HOST, f"{SECOND_HOST}={SECOND_SITE}"))
    try:
        built.up()
        yield built
    finally:
        built.down()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sidecar(server: Server) -> str:
    """The seed's sidecar as a person would start it; gives the container's name."""
    config = server.layout.folder / "seed.conf"
    config.write_text(SEED_CONF)
    rule = f"Host(`{HOST}`) && PathPrefix(`/socket.io`)"
    labels = (
        "traefik.enable=true",
        f"traefik.http.routers.frappe-socketio.rule={rule}",
        "traefik.http.routers.frappe-socketio.entrypoints=websecure",
        "traefik.http.routers.frappe-socketio.tls.certresolver=myresolver",
        "traefik.http.services.frappe-socketio.loadbalancer.server.port=80",
    )
    server.docker(
        *("run", "--detach", "--name", "frappe-socketio", "--restart", "unless-stopped"),
        *("--volume", f"{config}:/etc/nginx/nginx.conf:ro"),
        *(word for label in labels for word in ("--label", label)),
        server.image,
    )
    return "frappe-socketio"


SEED_CONF = """\
events { worker_connections 1024; }

http {
  upstream socketio_backend {
    server 172.17.0.1:9000;
  }

  server {
    listen 80;

    location /socket.io/ {
      proxy_pass http://socketio_backend;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $host;
      proxy_set_header X-Real-IP $remote_addr;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_read_timeout 86400;
      proxy_send_timeout 86400;
      proxy_buffering off;
    }
  }
}
"""
"""Seed, section 3.2, with its own correction of the port."""
