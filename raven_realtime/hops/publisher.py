"""Publish a test event as the seed does: ``bench --site S execute frappe.publish_realtime --kwargs '…'``."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from dataclasses import dataclass
from pathlib import Path

from raven_realtime.hops.answer import shown
from raven_realtime.problem import Problem

SECONDS = 60.0
"""What one bench command may take; a cold bench on a small machine needs about ten."""


class NotPublished(Exception):  # noqa: N818 (what bench said, no programming error)
    """The command failed; the message says how, in one line."""


@dataclass(frozen=True)
class Publisher:
    """Publishes through a bench."""

    bench: Path
    """The bench's folder: the command runs there."""
    site: str
    command: str = "bench"
    """How bench is called: ``bench``, or with a prefix such as ``docker compose exec -T backend bench``."""

    def __post_init__(self) -> None:
        """Refuse a folder that is none before anything is asked.

        Raises:
            Problem: the folder does not exist.
        """
        if not self.bench.is_dir():
            raise Problem(f"--bench {self.bench} is not a folder. Give the bench's folder: the one that holds sites/.")

    async def publish(self, **arguments: object) -> None:
        """Publish one event; returns when the command has ended.

        Args:
            arguments: those of ``frappe.publish_realtime``; written as Python literals, as bench reads them.

        Raises:
            NotPublished: the command is missing, failed, or took longer than `SECONDS`.
        """
        words = [*shlex.split(self.command), "--site", self.site, "execute", "frappe.publish_realtime"]
        # A session of its own, so that a bench that hangs is ended with everything it started; and none of our secrets.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAVEN_REALTIME_")}
        try:
            process = await asyncio.create_subprocess_exec(
                *words,
                "--kwargs",
                repr(arguments),
                cwd=self.bench,
                env=environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise NotPublished(f"{words[0]} cannot be run: {error.strerror}") from None
        try:
            async with asyncio.timeout(SECONDS):
                output, _ = await process.communicate()
        except TimeoutError:
            raise NotPublished(f"{words[0]} did not end within {SECONDS:.0f} s") from None
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                await process.wait()
        if process.returncode != 0:
            last = output.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no output"]
            raise NotPublished(f"{words[0]} exited with {process.returncode}: {shown(last[0])}")
