"""The sandbox's multiplexer: the guidelines' configuration and ours, against Socket.IO asked directly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks import measures, servers
from benchmarks.comparison import Candidate, Comparison, Measure, Target
from benchmarks.servers import Way
from demo.running import free_ports
from raven_realtime.sandbox import multiplexer

SEED = """\
worker_processes auto;
pid {folder}/nginx.pid;

events {{ worker_connections 1024; }}

http {{
  access_log {folder}/access.log;

  server {{
    listen {port};

    location / {{
      proxy_pass http://127.0.0.1:{web};
    }}

    location /socket.io/ {{
      proxy_pass http://127.0.0.1:{socketio};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "upgrade";
      proxy_set_header Host $host;
    }}
  }}
}}
"""
"""The plain multiplexer (docs/guidelines.md, "One tunnel") inside what an nginx package puts around it, with
the usual worker_connections."""


@contextmanager
def direct(_folder: Path) -> Iterator[Way]:
    """Ask the Socket.IO process itself."""
    with servers.socketio() as origin:
        yield Way(origin)


@contextmanager
def seed(folder: Path) -> Iterator[Way]:
    """Ask through nginx as docs/guidelines.md configures it."""
    ports = free_ports()
    with servers.socketio() as origin:
        text = SEED.format(folder=folder, port=ports.web, web=ports.redis, socketio=origin)
        with servers.nginx(folder, text, ports.web) as way:
            yield way


@contextmanager
def ours(folder: Path) -> Iterator[Way]:
    """Ask through nginx as the sandbox stack configures it when nothing is set."""
    ports = free_ports()
    with servers.socketio() as origin:
        wanted = multiplexer.Multiplexer(
            folder=folder,
            site="localhost",
            port=ports.web,
            web=f"127.0.0.1:{ports.redis}",
            socketio=f"127.0.0.1:{origin}",
        )
        with servers.nginx(folder, multiplexer.render(wanted), ports.web) as way:
            yield way


@contextmanager
def relay(_folder: Path) -> Iterator[Way]:
    """Ask through a process that only copies bytes."""
    with servers.socketio() as origin, servers.relay(origin) as way:
        yield way


DIRECT, SEEDS, OURS = "direct", "plain multiplexer", "our multiplexer"
COMPARISON = Comparison(
    name="sandbox",
    title="The sandbox's multiplexer",
    about="What nginx on :8005 costs between the tunnel and Socket.IO.",
    candidates=(
        Candidate(DIRECT, direct, "Socket.IO asked at its own port"),
        Candidate(SEEDS, seed, "nginx as a short guide configures it"),
        Candidate(OURS, ours, "nginx as the sandbox stack configures it when nothing is set"),
        Candidate(
            "a bare relay",
            relay,
            "a process that copies bytes and knows no HTTP: about what any proxy costs at the least, since one process "
            "more is woken for each message",
        ),
    ),
    measures=(
        Measure("polling handshakes/s, 20 connections", measures.handshakes, (Target(OURS, 0.85),), turns=9),
        Measure(
            "one socket.io-client, echo p50 in µs (less is better)",
            measures.echo_p50,
            (Target(OURS, 1.2, more_is_better=False),),
            turns=9,
        ),
        Measure("one bare WebSocket, echo p50 in µs (less is better)", measures.bare_echo_p50),
        Measure("echoes/s, 100 sockets", measures.echoes),
        Measure("sockets held of 8,000", measures.sockets_held, (Target(OURS, 1.0),), rounds=1, turns=1),
    ),
    rank=10,
)
