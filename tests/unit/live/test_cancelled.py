"""Ctrl-C at any moment: whoever waits for frames is ended, even while the frame before is still being given up."""

from __future__ import annotations

import asyncio

import pytest

from raven_realtime.live.engineio import Frame, Session
from raven_realtime.live.target import Target

WAITED, LINGERS = 0.05, 0.1
"""Seconds: how long frames are waited for, and how long a socket takes to stop receiving."""


class Lingering(Session):
    """A session to which nothing comes, and whose receiving takes a while to end."""

    async def frame(self) -> Frame:
        """Wait in vain."""
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(LINGERS)
            raise
        raise AssertionError


@pytest.mark.parametrize("after", [WAITED / 2, WAITED + LINGERS / 2], ids=["while it waits", "while it gives up"])
def test_cancelling_is_never_lost(after: float) -> None:
    async def watch() -> None:
        session = Lingering(Target.parse("http://127.0.0.1"))
        async for _ in session.frames(WAITED):
            pass

    async def interrupted() -> asyncio.Task[None]:
        watching = asyncio.create_task(watch())
        await asyncio.sleep(after)
        watching.cancel()
        await asyncio.wait({watching})
        return watching

    assert asyncio.run(interrupted()).cancelled()
