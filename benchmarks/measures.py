"""What can be asked of a way to Socket.IO: rates, times, sockets held, memory, what a change of configuration drops."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import psutil

from benchmarks.generator import held, load
from benchmarks.servers import Way
from demo import node_packages

CLIENT = Path(__file__).parent / "client.js"
HELD_AT_MOST = 8_000
HELD_FOR_MEMORY = 5_000
HELD_ACROSS_A_CHANGE = 400
"""As many as every candidate can hold: nginx as docs/guidelines.md has it keeps 1,024 connections, two a socket."""


def handshakes(way: Way, size: float) -> float:
    """Return polling handshakes a second over 20 connections that stay open."""
    result = load("handshakes", way.port, connections=20, seconds=size)
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} handshakes failed")
    return float(result["per_second"])


def echo_p50(way: Way, size: float) -> float:
    """Return the median time in µs in which an event comes back to one socket.io-client, with nothing else going on."""
    command = ["node", str(CLIENT), f"127.0.0.1:{way.port}", str(size)]
    done = subprocess.run(command, env=node_packages.environment(), stdout=subprocess.PIPE, text=True, check=True)
    return float(json.loads(done.stdout)["p50_us"])


def bare_echo_p50(way: Way, size: float) -> float:
    """Return the same for a client that does next to nothing, so that the way is nearly all there is."""
    return float(load("echo", way.port, connections=1, seconds=0.7 * size)["p50_us"])


def bare_echo_p99(way: Way, size: float) -> float:
    """Return the time in µs that 99 of 100 echoes to such a client do not exceed."""
    return float(load("echo", way.port, connections=1, seconds=0.7 * size)["p99_us"])


def echoes(way: Way, size: float) -> float:
    """Return how many events come back in a second over 100 sockets, each of which waits for its own."""
    return float(load("echo", way.port, connections=100, seconds=size)["per_second"])


def sockets_held(way: Way, size: float) -> float:
    """Return how many of 8,000 idle sockets are open and still answer after two seconds."""
    with held(way.port, int(HELD_AT_MOST * size)) as sockets:
        time.sleep(2 * size)
    return sockets.answering


def memory_of_a_socket(way: Way, size: float) -> float:
    """Return by how many bytes nginx's workers grow for each idle socket they hold, out of 5,000; 0 without nginx.

    Memory is PSS: what workers share counts once.
    """
    before = _workers_memory(way)
    with held(way.port, int(HELD_FOR_MEMORY * size)) as sockets:
        grown = _workers_memory(way) - before
    return grown / sockets.open


def dropped_by_a_change(way: Way, size: float) -> float:
    """Return how many of 400 idle sockets are gone after the proxy took another configuration while it ran."""
    wanted = int(HELD_ACROSS_A_CHANGE * size)
    with held(way.port, wanted) as sockets:
        if sockets.open < wanted:
            raise RuntimeError(f"only {sockets.open} of {wanted} sockets could be opened")
        way.change()
        time.sleep(size)
    return sockets.open - sockets.answering


def _workers_memory(way: Way) -> int:
    if way.master is None:
        return 0
    return sum(int(worker.memory_full_info().pss) for worker in psutil.Process(way.master).children())
