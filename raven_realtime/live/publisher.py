"""Publish a test event: ``bench --site S execute frappe.publish_realtime --kwargs '…'``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from pathlib import Path

from raven_realtime.machine import environment
from raven_realtime.problem import Problem
from raven_realtime.proxies.record import record
from raven_realtime.shown import shown

SECONDS = 60.0
"""What one bench command may take; a cold bench on a small machine needs about ten."""

NOT_FOUND = 127
"""A shell's exit code for a command that is not there (POSIX, "Exit Status for Commands")."""
SSH_FAILED = 255
"""ssh's exit code when it did not get as far as the command (ssh(1), "EXIT STATUS")."""


class NotPublished(Exception):  # noqa: N818 (what bench said, no programming error)
    """The command failed; the message says how, in one line."""


class NoBench(Exception):  # noqa: N818
    """There is no such command, so that nothing was tried; the message says so."""


@record
class Publisher:
    """Publishes through a bench."""

    bench: Path
    """The bench's folder, where the command runs: here, or on the server that ``ssh`` leads to."""
    site: str
    command: str = "bench"
    """How bench is called: ``bench``, or with a prefix such as ``docker compose exec -T backend bench``."""
    ssh: tuple[str, ...] = ()
    """The command line of ssh up to the server's name; empty where the bench is on this machine."""

    def __post_init__(self) -> None:
        """Refuse a folder or a command that is none before anything is asked.

        Raises:
            Problem: the folder does not exist here, or the command cannot be read.
        """
        try:
            named = shlex.split(self.command)
        except ValueError as error:
            raise Problem(f"--bench-command {self.command!r} cannot be read: {error}.") from None
        if not named:
            raise Problem("--bench-command is empty. Accepted: bench, or what has to stand before it and bench.")
        if not self.ssh and not self.bench.is_dir():
            raise Problem(f"--bench {self.bench} is not a folder. Give the bench's folder: the one that holds sites/.")

    async def publish(self, **arguments: object) -> None:
        """Publish one event; returns when the command has ended.

        Args:
            arguments: those of ``frappe.publish_realtime``; written as Python literals, as bench reads them.

        Raises:
            NoBench: there is no such command.
            NotPublished: it failed, or took longer than `SECONDS`.
        """
        called = shlex.split(self.command)
        words = [*called, "--site", self.site, "execute", "frappe.publish_realtime", "--kwargs", repr(arguments)]
        if self.ssh:
            words = [*self.ssh, f"cd {shlex.quote(str(self.bench))} && exec {shlex.join(words)}"]
        there = f" on {self.ssh[-1]}" if self.ssh else ""
        # A session of its own, so that a bench that hangs is ended with everything it started; and none of our secrets.
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                cwd=None if self.ssh else self.bench,
                env=environment(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise NoBench(f"{words[0]} cannot be run: {error.strerror}: give --bench-command") from None
        try:
            async with asyncio.timeout(SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            raise NotPublished(f"{called[0]}{there} did not end within {SECONDS:.0f} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if self.ssh and process.returncode == NOT_FOUND:
            raise NoBench(f"{called[0]}{there} cannot be run: no such command there: give --bench-command")
        if process.returncode != 0:
            last = output.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no output"]
            who = "ssh" if self.ssh and process.returncode == SSH_FAILED else f"{called[0]}{there}"
            raise NotPublished(f"{who} exited with {process.returncode}: {shown(last[0])}")
