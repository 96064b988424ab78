"""What can be asked of a path: handshakes a second, an echo's time, echoes a second, sockets held."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from benchmarks.generator import load
from demo import node_packages

CLIENT = Path(__file__).parent / "client.js"


def handshakes(port: int, size: float) -> float:
    """Return polling handshakes a second over 20 connections that stay open."""
    result = load("handshakes", port, connections=20, seconds=size)
    if result["failed"]:
        raise RuntimeError(f"{result['failed']} handshakes failed")
    return float(result["per_second"])


def echo_p50(port: int, size: float) -> float:
    """Return the median time in µs in which an event comes back to one socket.io-client, with nothing else going on."""
    command = ["node", str(CLIENT), f"127.0.0.1:{port}", str(size)]
    done = subprocess.run(command, env=node_packages.environment(), stdout=subprocess.PIPE, text=True, check=True)
    return float(json.loads(done.stdout)["p50_us"])


def bare_echo_p50(port: int, size: float) -> float:
    """Return the same for a client that does next to nothing, so that the way is nearly all there is."""
    return float(load("echo", port, connections=1, seconds=0.7 * size)["p50_us"])


def echoes(port: int, size: float) -> float:
    """Return how many events come back in a second over 100 sockets, each of which waits for its own."""
    return float(load("echo", port, connections=100, seconds=size)["per_second"])


HELD_AT_MOST = 8_000


def sockets_held(port: int, size: float) -> float:
    """Return how many of 8,000 idle sockets are open and still answer after two seconds."""
    wanted = int(HELD_AT_MOST * size)
    return float(load("hold", port, connections=wanted, seconds=2 * size)["held"])
