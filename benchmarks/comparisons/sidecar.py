"""Production's sidecar behind Traefik: the guidelines', ours, bench's and frappe_docker's, and Traefik alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import measures, servers
from benchmarks.comparison import Candidate, Comparison, Limit, Measure, NoWorse, Target
from benchmarks.servers import Way
from demo.running import free_ports
from raven_realtime.settings import ServedHost
from raven_realtime.sidecar import nginx as sidecar

SITE = "localhost"
SEED = """\
pid {folder}/nginx.pid;
events {{ worker_connections 1024; }}

http {{
  access_log {folder}/access.log;
  upstream socketio_backend {{
    server 127.0.0.1:{origin};
  }}

  server {{
    listen {port};

    location /socket.io/ {{
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
    }}
  }}
}}
"""
"""docs/guidelines.md, "Production", with the access log that nginx's image has."""

DEBIAN = """\
worker_processes auto;
pid {folder}/nginx.pid;
events {{ worker_connections 768; }}

http {{
  sendfile on;
  tcp_nopush on;
  gzip on;
  access_log {folder}/access.log;
  FRAPPE
}}
"""
"""What Debian's nginx package puts around the files of sites: bench and frappe_docker both stand in it."""

BENCH = """\
upstream raven-bench-socketio-server {{
    server 127.0.0.1:{origin} fail_timeout=0;
  }}

  server {{
    listen {port};
    server_name localhost;
    proxy_buffer_size 128k;
    proxy_buffers 4 256k;
    proxy_busy_buffers_size 256k;
    keepalive_timeout 15;
    client_max_body_size 50m;
    client_body_buffer_size 16k;
    client_header_buffer_size 1k;

    location /socket.io {{
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header X-Frappe-Site-Name localhost;
      proxy_set_header Origin $scheme://$http_host;
      proxy_set_header Host $host;
      proxy_pass http://raven-bench-socketio-server;
    }}
  }}"""
"""What is in force for Socket.IO in the nginx.conf that bench generates."""

FRAPPE_DOCKER = """\
upstream socketio-server {{
    server 127.0.0.1:{origin} fail_timeout=0;
  }}
  map $http_x_forwarded_proto $outer_scheme {{ default $scheme; https https; }}

  server {{
    listen {port};
    server_name localhost;
    proxy_buffer_size 128k;
    proxy_buffers 4 256k;
    proxy_busy_buffers_size 256k;
    set_real_ip_from 127.0.0.1;
    real_ip_header X-Forwarded-For;
    real_ip_recursive off;
    keepalive_timeout 15;
    client_max_body_size 50m;
    client_body_buffer_size 16k;
    client_header_buffer_size 1k;

    location /socket.io {{
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header X-Frappe-Site-Name localhost;
      proxy_set_header Origin $outer_scheme://$http_host;
      proxy_set_header Host $host;
      proxy_pass http://socketio-server;
    }}
  }}"""
"""What is in force for Socket.IO in frappe_docker's frontend container."""


@contextmanager
def alone(folder: Path) -> Iterator[Way]:
    """Ask the Socket.IO process through Traefik and nothing else."""
    with servers.socketio() as origin, servers.traefik(folder, Way(origin)) as way:
        yield way


@contextmanager
def relay(folder: Path) -> Iterator[Way]:
    """Ask through Traefik and a process that only copies bytes."""
    with (
        servers.socketio() as origin,
        servers.relay(origin) as inner,
        servers.traefik(folder, inner) as way,
    ):
        yield way


Text = Callable[[Path, int, int], str]
"""Render a configuration: the folder for its files, Socket.IO's port, the port to listen on."""


def behind_traefik(text: Text) -> Callable[[Path], servers.Opening]:
    """Ask through Traefik and an nginx of this configuration."""

    @contextmanager
    def opened(folder: Path) -> Iterator[Way]:
        port = free_ports().web
        with (
            servers.socketio() as origin,
            servers.nginx(folder, text(folder, origin, port), port) as inner,
            servers.traefik(folder, inner) as way,
        ):
            yield way

    return opened


def written(template: str) -> Text:
    """Fill in a configuration of this module."""
    return lambda folder, origin, port: template.format(folder=folder, origin=origin, port=port)


def ours(folder: Path, origin: int, port: int) -> str:
    """Render the sidecar's configuration as the production stack does when nothing is set."""
    served = ServedHost(host=SITE, site=SITE)
    return sidecar.render(sidecar.Sidecar((served,), upstream=f"127.0.0.1:{origin}", port=port, folder=folder))


ALONE, SEEDS, OURS = "Traefik → :9000", "plain sidecar", "our sidecar"
AT_LEAST_THE_SEEDS = NoWorse(OURS, 1, against=SEEDS)
AT_MOST_THE_SEEDS = NoWorse(OURS, 1, more_is_better=False, against=SEEDS)
COMPARISON = Comparison(
    name="sidecar",
    title="Production's sidecar behind Traefik",
    about=(
        "What nginx costs between Traefik and Socket.IO. Every candidate has a Traefik, an nginx and a Socket.IO "
        "process of its own; nginx runs on loopback without Docker, and Traefik takes plain HTTP: TLS would cost every "
        "candidate the same and make the ratios look better. The configuration is changed by a reload for every "
        "candidate, though whoever runs the plain one or frappe_docker's nginx may have to replace the container, "
        "which drops every socket. "
        "Traefik → :9000 and the bare relay have no nginx, hence no workers' memory, and Traefik is what is changed."
    ),
    candidates=(
        Candidate(ALONE, alone, "Traefik leads straight to Socket.IO"),
        Candidate(SEEDS, behind_traefik(written(SEED)), "nginx as a short guide configures it"),
        Candidate(OURS, behind_traefik(ours), "nginx as the production stack configures it when nothing is set"),
        Candidate(
            "bench's nginx",
            behind_traefik(written(DEBIAN.replace("FRAPPE", BENCH))),
            "with the directives that `bench setup nginx` generates for Socket.IO, in Debian's nginx.conf",
        ),
        Candidate(
            "frappe_docker's nginx",
            behind_traefik(written(DEBIAN.replace("FRAPPE", FRAPPE_DOCKER))),
            "with the directives of frappe_docker's frontend for Socket.IO, in Debian's nginx.conf",
        ),
        Candidate(
            "a bare relay",
            relay,
            "a process that copies bytes and knows no HTTP: about what any container in between costs at the least",
        ),
    ),
    measures=(
        Measure(
            "polling handshakes/s, 20 connections",
            measures.handshakes,
            (Target(OURS, 0.85), AT_LEAST_THE_SEEDS),
            turns=9,
        ),
        Measure("echoes/s, 100 sockets", measures.echoes, (AT_LEAST_THE_SEEDS,)),
        Measure("one bare WebSocket, echo p50 in µs (less is better)", measures.bare_echo_p50, (AT_MOST_THE_SEEDS,)),
        Measure("one bare WebSocket, echo p99 in µs (less is better)", measures.bare_echo_p99, (AT_MOST_THE_SEEDS,)),
        Measure("sockets held of 8,000", measures.sockets_held, (AT_LEAST_THE_SEEDS,), rounds=1, turns=1),
        Measure(
            "workers' memory in bytes for each of 5,000 idle sockets, or of those that it holds (less is better)",
            measures.memory_of_a_socket,
            (Limit(OURS, 20_000, more_is_better=False), AT_MOST_THE_SEEDS),
            rounds=1,
            turns=1,
        ),
        Measure(
            "sockets of 400 dropped by a changed configuration (less is better)",
            measures.dropped_by_a_change,
            (Limit(OURS, 0, more_is_better=False), AT_MOST_THE_SEEDS),
            rounds=1,
            turns=1,
        ),
    ),
    rank=20,
)
