"""``command:remote:Command``: a command on another host, over SSH."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from toolchain.plugins.command.connection import connected
from toolchain.plugins.command.lifecycle import Command, Output
from toolchain.plugins.values import Values


class RemoteCommand(Command):
    """Runs commands over SSH.

    Variables reach the command only where the server's ``AcceptEnv`` lets them, with the original as here; the
    original warns about each that is refused.
    """

    async def run(self, output: Output, command: str, inputs: Values, environment: Mapping[str, str]) -> Values:
        """Run a command in a session of its own."""
        async with connected(inputs["connection"]) as connection:
            process = await connection.create_process(command, env=dict(environment), encoding=None)
            try:
                if stdin := inputs.get("stdin"):
                    process.stdin.write(stdin.encode())
                process.stdin.write_eof()
                await asyncio.gather(
                    _forward(process.stdout, "stdout", output), _forward(process.stderr, "stderr", output)
                )
                done = await process.wait()
            except asyncio.CancelledError:
                connection.abort()
                raise
        if done.exit_signal:
            raise output.failure(f"Process exited with status 128 from signal {done.exit_signal[0]}", command)
        if done.exit_status is None:
            raise output.failure("wait: remote command exited without exit status or exit signal", command)
        if done.exit_status != 0:
            raise output.failure(f"Process exited with status {done.exit_status}", command)
        return output.result()


async def _forward(stream: Any, name: str, output: Output) -> None:
    while True:
        data = await stream.read(65536)
        await output.take(name, data)
        if not data:
            return
