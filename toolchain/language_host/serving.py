"""Serving: from the port told on standard output until the engine ends or interrupts us."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import os
import signal
from pathlib import Path

import grpc
from pulumi.runtime.proto import language_pb2_grpc

from toolchain.language_host import children
from toolchain.language_host.service import LanguageHost

MESSAGE_LIMIT = 400 * 1024 * 1024
"""Bytes of the largest message, as in the engine and the SDK."""


async def serve(engine: str, executor: Path) -> None:
    """Serve on a free port of loopback, tell it on standard output, and end on a signal or when the engine is gone."""
    limits = [("grpc.max_receive_message_length", MESSAGE_LIMIT), ("grpc.max_send_message_length", MESSAGE_LIMIT)]
    server = grpc.aio.server(options=limits)
    host = LanguageHost(engine, importlib.metadata.version("pulumi"), executor)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    print(port, flush=True)
    parent = os.getppid()
    while not over.is_set() and os.getppid() == parent:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), timeout=1)
    await server.stop(grace=0)
    await children.all_ended()


def main(executor: str, engine: str) -> None:
    """Serve the engine at the address ``engine``, running programs with the SDK's ``executor``."""
    asyncio.run(serve(engine, Path(executor)))
