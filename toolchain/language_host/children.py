"""Child processes of the host: started in sessions of their own, stopped quietly."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

GRACE = 4.0
"""Seconds a child may take to end after it was asked to; the engine gives us five."""
_running: set[Process] = set()


@contextlib.asynccontextmanager
async def running(
    arguments: list[str | Path], cwd: str | Path | None, environment: Mapping[str, str], pipes: int | None = None
) -> AsyncIterator[Process]:
    """Run a program for the time of the block; a child that is still there at its end is stopped with all it started.

    The engine interrupts the host's whole process group when it stops. A Python child that shares the group would die
    with a traceback; in a session of its own it gets one SIGTERM from us, on which Python ends without a word.
    """
    process = await asyncio.create_subprocess_exec(
        *arguments, cwd=cwd, env=environment, stdout=pipes, stderr=pipes, start_new_session=True
    )
    _running.add(process)
    try:
        yield process
    finally:
        try:
            if process.returncode is None:
                await _stop(process)
        finally:
            _running.discard(process)


async def all_ended() -> None:
    """Return when no child runs any more: a loop that closes before makes asyncio complain when the child ends."""
    while _running:
        await asyncio.sleep(0.02)


async def _stop(process: Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), GRACE)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def chunks(process: Process) -> AsyncIterator[tuple[str, bytes]]:
    """Yield what a process with piped streams writes, as it comes: pairs of ``stdout`` or ``stderr`` and the bytes."""
    queue: asyncio.Queue[tuple[str, bytes] | None] = asyncio.Queue(maxsize=64)

    async def forward(name: str, stream: asyncio.StreamReader | None) -> None:
        while stream is not None and (data := await stream.read(65536)):
            await queue.put((name, data))

    async def forward_both() -> None:
        await asyncio.gather(forward("stdout", process.stdout), forward("stderr", process.stderr))
        await queue.put(None)

    forwarder = asyncio.create_task(forward_both())
    try:
        while (item := await queue.get()) is not None:
            yield item
    finally:
        forwarder.cancel()
