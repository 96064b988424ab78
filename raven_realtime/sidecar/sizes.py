"""How many files and processes and how much memory a sidecar for so many sockets needs, and why."""

from __future__ import annotations

from raven_realtime.sidecar.nginx import WORKERS
from raven_realtime.sidecar.pieces import Capacity

MIB = 1024 * 1024
BASE = 64
"""MiB for nginx itself and a few draining workers' code."""
PER_SOCKET = 20 * 1024
"""Bytes that a held WebSocket may cost in nginx: two connections with their buffers (the bench measures less)."""
PER_CONNECTION_SLOT = 480
"""Bytes that a worker sets aside at its start for each of worker_connections: a connection and two events."""
RELOADS = 10
"""Generations of draining workers that the limits leave room for."""
DRAINING = WORKERS * (RELOADS - 1)
"""The most draining workers beside which the limits have room for one more reload."""
ASKING = 16
"""Processes of health checks and `docker exec` beside nginx: a shell and a client each, several at once if need be."""
PIDS = 1 + WORKERS * (1 + RELOADS) + ASKING
"""The limit on processes: nginx's master, live and draining workers, and whoever asks. Past it no reload can fork."""


def files(sockets: int) -> int:
    """Return the file limit of the container."""
    return Capacity(sockets).files


def memory(sockets: int) -> int:
    """Return the memory limit of the container in MiB: sockets, plus the slots of live and draining workers."""
    slots = Capacity(sockets).connections * PER_CONNECTION_SLOT * WORKERS * (1 + RELOADS)
    return BASE + (sockets * PER_SOCKET + slots) // MIB


def explanation(sockets: int) -> str:
    """Say in a sentence what was derived from the capacity."""
    return (
        f"{sockets} sockets: worker_connections {Capacity(sockets).connections} (two for each proxied client), "
        f"{files(sockets)} files, memory limit {memory(sockets)} MiB, {PIDS} processes "
        f"({PER_SOCKET // 1024} KiB a socket, and room for the old workers of {RELOADS} reloads to drain)"
    )
