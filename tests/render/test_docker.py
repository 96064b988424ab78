"""What is rendered for Docker, behind a Traefik that reads labels: the sidecar's service, frappe_docker's override."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from demo.processes import ROOT
from demo.server import Server
from demo.server.docker import BRIDGE
from raven_realtime.render.command import rendered
from tests.render import composed

HOST, SITE = "chat.example.com", "chat.localhost"
pytestmark = pytest.mark.timeout(600)
FRONTEND = f"""\
daemon off; pid /tmp/pid; error_log stderr;
events {{ worker_connections 256; }}
http {{
  access_log off;
  server {{
    listen 8080;
    location / {{
      proxy_pass http://{BRIDGE}:8000;
      proxy_set_header Host $host;
      proxy_set_header X-Frappe-Site-Name {SITE};
      proxy_set_header X-Forwarded-Proto https;
    }}
    location /socket.io/ {{ return 500; }}
  }}
}}
"""
"""In the place of frappe_docker's frontend: the web, and nothing for Socket.IO."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix=f"rr-render-{os.getpid()}-"))
    built = Server(f"render-{os.getpid()}", folder, (f"{HOST}={SITE}",))
    try:
        built.up()
        yield built
    finally:
        built.down()
        shutil.rmtree(folder, ignore_errors=True)


def rendered_for(server: Server, what: str, **more: str) -> Any:
    """Return the document of a target for the server's host."""
    options = {"image": server.image, "upstream": f"{BRIDGE}:9000", "capacity": 500}
    return composed.read(rendered(what, {"hosts": [f"{HOST}={SITE}"], **options, **more}))


def works(server: Server) -> None:
    """Ask from outside, with an account, as the tests of the other programs do."""
    _wait(server)
    bench = shlex.join(server.inside(str(ROOT / "demo" / "bench")))
    words = (HOST, SITE, str(server.ca), str(server.bench.path), server.bench.password, bench)
    done = server.run_outside(sys.executable, "-m", "tests.render.asked", *words, check=False, seconds=120)
    assert done.returncode == 0, done.stdout + done.stderr


def _wait(server: Server) -> None:
    """Wait until Traefik has taken what runs."""
    url = f"https://{HOST}/socket.io/?EIO=4&transport=polling"
    until = time.monotonic() + 60
    while not server.run_outside("curl", "-s", "--cacert", str(server.ca), url, check=False).stdout.startswith("0{"):
        assert time.monotonic() < until, "Traefik knows of no sidecar"
        time.sleep(0.3)


def test_the_sidecar_of_the_compose_file(server: Server) -> None:
    with composed.running(server, rendered_for(server, "compose"), "frappe-socketio"):
        works(server)


def test_frappe_docker_with_the_override(server: Server) -> None:
    document = rendered_for(server, "frappe-docker")
    frontend = document["services"]["frontend"]
    assert frontend["environment"] == {"FRAPPE_SITE_NAME_HEADER": SITE}
    with (
        _without_a_route_of_files(server),
        _frontend(server, frontend["labels"]),
        composed.running(server, document, "frappe-socketio"),
    ):
        works(server)


@contextmanager
def _without_a_route_of_files(server: Server) -> Iterator[None]:
    """Take Traefik's file with the route to the web away: it is the labels that lead there."""
    file = server.layout.traefik / "dynamic" / "frappe.yml"
    kept = file.read_text()
    file.unlink()
    try:
        yield
    finally:
        file.write_text(kept)


@contextmanager
def _frontend(server: Server, labels: list[str]) -> Iterator[None]:
    file = server.layout.folder / "frontend.conf"
    file.write_text(FRONTEND)
    given = [f"--label={label}" for label in labels]
    mounted = f"--volume={file}:/etc/nginx/nginx.conf:ro"
    server.docker("run", "--detach", "--name", "frontend", "--expose=8080", mounted, *given, server.image, "nginx")
    try:
        yield
    finally:
        server.docker("rm", "--force", "--volumes", "frontend")
