"""A demo bench, and nginx before it with a location for Socket.IO that a test breaks as it likes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from demo.bench_folder import Ports, create_bench
from demo.processes import ROOT, programs
from demo.running import RunningBench, free_ports, running_bench
from raven_realtime.live.publisher import Publisher
from raven_realtime.live.target import Credentials, Target

SITE = "raven.localhost"
HEALTHY = """
  proxy_pass $socketio;
  proxy_http_version 1.1;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Connection $hop;
  proxy_set_header Host $http_host;
  proxy_set_header Origin $asked_from;
  proxy_set_header X-Frappe-Site-Name raven.localhost;
"""
"""The location of /socket.io/ as it should be; ``$socketio`` is where Socket.IO listens."""
CONFIGURATION = """
daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  map $http_origin $asked_from {{ default $http_origin; "" $scheme://$http_host; }}
  map $http_upgrade $hop {{ default upgrade; "" close; }}
  {http}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{web};
      proxy_set_header Host $http_host;
      proxy_set_header X-Frappe-Site-Name raven.localhost;
    }}
    {socket}
    {server}
  }}
}}
"""

StartNginx = Callable[..., Target]


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBench]:
    with running_bench(tmp_path_factory.mktemp("hops") / "bench", sites=(SITE,), generation="16") as running:
        yield running


@pytest.fixture(scope="session")
def sid(bench: RunningBench) -> str:
    return bench.sign_in(site=SITE)


@pytest.fixture(scope="session")
def credentials(sid: str) -> Credentials:
    return Credentials(sid=sid)


@pytest.fixture(scope="session")
def publisher(bench: RunningBench) -> Publisher:
    return Publisher(bench.path, SITE, str(ROOT / "demo" / "bench"))


@pytest.fixture(scope="module")
def second_socketio(bench: RunningBench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A second realtime process on the same redis."""
    with another_process(bench, tmp_path_factory.mktemp("second")) as url:
        yield url


@contextmanager
def another_process(bench: RunningBench, folder: Path, generation: str = "") -> Iterator[str]:
    """A realtime process beside the bench's, of its generation or of another."""
    ports = Ports(bench.ports.web, free_ports().socketio, bench.ports.redis)
    second = create_bench(
        folder / "bench", sites=(SITE,), ports=ports, generation=generation or bench.bench.generation.name
    )
    socketio = next(program for program in programs(second.path) if program.name == "socketio")
    running = RunningBench(second, {"socketio": socketio})
    running.start("socketio")
    try:
        yield running.socketio_url
    finally:
        running.stop("socketio")


@pytest.fixture
def nginx(bench: RunningBench, tmp_path: Path) -> Iterator[StartNginx]:
    """Start nginx with a location for Socket.IO and give what to ask; it stops with the test."""
    with ExitStack() as stack:

        def start(location: str | None = HEALTHY, http: str = "", server: str = "") -> Target:
            port = free_ports().web
            folder = tmp_path / str(port)
            folder.mkdir()
            socket = "" if location is None else f"location /socket.io/ {{ {location} }}"
            parts = {"http": http, "socket": socket, "server": server}
            text = CONFIGURATION.format(folder=folder, port=port, web=bench.ports.web, **parts)
            file = folder / "nginx.conf"
            file.write_text(text.replace("$socketio", bench.socketio_url))
            process = subprocess.Popen(["nginx", "-e", str(folder / "error.log"), "-c", str(file)])
            stack.callback(process.wait, 10)
            stack.callback(process.terminate)
            _wait(f"http://127.0.0.1:{port}")
            return replace(Target.parse(f"127.0.0.1:{port}", site=SITE), timeout=5.0)

        yield start


def _wait(origin: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{origin}/api/method/ping", timeout=5)
        except httpx.ConnectError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError(f"nginx does not answer on {origin}")


def cli(
    *arguments: str, stdin: str = "", environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``raven-realtime`` as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "raven_realtime.cli", *arguments],
        input=stdin,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
