"""``command:local:Command``: a command on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path

from toolchain.plugins.command.globs import archive, assets, found
from toolchain.plugins.command.lifecycle import Command, Output
from toolchain.plugins.values import Values

SHELL = ["/bin/sh", "-c"]
"""The default of ``interpreter``."""

GRACE = 10.0
"""Seconds a cancelled command and its children may take to end after SIGINT."""


class LocalCommand(Command):
    """Runs commands here, each in a process group of its own, in the engine's environment."""

    async def run(self, output: Output, command: str, inputs: Values, environment: Mapping[str, str]) -> Values:
        """Run a command; then collect the files that ``assetPaths`` and ``archivePaths`` name."""
        folder = Path(inputs.get("dir") or Path.cwd())
        arguments = [*(inputs.get("interpreter") or SHELL), command]
        stdin: str = inputs.get("stdin") or ""
        try:
            process = await asyncio.create_subprocess_exec(
                *arguments,
                cwd=folder,
                env={**os.environ, **environment},
                stdin=PIPE if stdin else DEVNULL,
                stdout=PIPE,
                stderr=PIPE,
                start_new_session=True,
            )
        except OSError as error:
            raise output.failure(_why_not_started(arguments[0], folder, error), command) from error
        try:
            await asyncio.gather(
                _feed(process, stdin.encode()),
                _forward(process.stdout, "stdout", output),
                _forward(process.stderr, "stderr", output),
            )
            status = await process.wait()
        except asyncio.CancelledError:
            await _interrupt(process)
            raise
        if status != 0:
            raise output.failure(_reason(status), command)
        result = output.result()
        if inputs.get("assetPaths") is not None:
            result["assets"] = assets(folder, found(folder, inputs["assetPaths"]))
        if inputs.get("archivePaths") is not None:
            result["archive"] = archive(folder, found(folder, inputs["archivePaths"]))
        return result


async def _feed(process: Process, data: bytes) -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it need not read what it is given
            process.stdin.write(data)
            await process.stdin.drain()
        process.stdin.close()


async def _forward(stream: asyncio.StreamReader | None, name: str, output: Output) -> None:
    while stream is not None:
        data = await stream.read(65536)
        await output.take(name, data)
        if not data:
            return


async def _interrupt(process: Process) -> None:
    """End the command and its children: SIGINT to the group, SIGKILL to what is left of it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), GRACE)
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _reason(status: int) -> str:
    if status > 0:
        return f"exit status {status}"
    return f"signal: {(signal.strsignal(-status) or str(-status)).lower()}"


def _why_not_started(program: str, folder: Path, error: OSError) -> str:
    said = (error.strerror or str(error)).lower()
    if not folder.is_dir():
        return f"chdir {folder}: {said}"
    if shutil.which(program) is None and "/" not in program:
        return f'exec: "{program}": executable file not found in $PATH'
    return f"fork/exec {program}: {said}"
