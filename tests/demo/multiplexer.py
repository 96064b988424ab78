"""A plain nginx before a demo bench: one origin for the web application and Socket.IO, for one site."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from demo.running import RunningBench, free_ports

CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_origin $asked_from {{ default $http_origin; "" $asked_scheme://$http_host; }}
  map $http_x_forwarded_proto $asked_scheme {{ default $scheme; https https; wss https; }}
  map $http_upgrade $hop {{ default upgrade; "" close; }}
  server {{
    listen 127.0.0.1:{port};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header X-Frappe-Site-Name {site};
    proxy_set_header Origin $asked_from;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $hop;
    location / {{ proxy_pass http://127.0.0.1:{web}; }}
    location /socket.io/ {{ proxy_pass http://127.0.0.1:{socketio}; }}
  }}
}}
"""


@contextmanager
def multiplexer(bench: RunningBench, folder: Path, site: str) -> Iterator[str]:
    """Run nginx and give the origin; it is stopped at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    port = free_ports().web
    file = folder / "nginx.conf"
    ports = {"web": bench.ports.web, "socketio": bench.ports.socketio}
    file.write_text(CONFIGURATION.format(folder=folder, port=port, site=site, **ports))
    process = subprocess.Popen(["nginx", "-e", str(folder / "error.log"), "-c", str(file)])
    origin = f"http://127.0.0.1:{port}"
    try:
        _wait(origin)
        yield origin
    finally:
        process.terminate()
        process.wait(10)


def _wait(origin: str) -> None:
    for _ in range(100):
        try:
            httpx.get(f"{origin}/api/method/ping", timeout=5).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nginx does not answer on {origin}")
