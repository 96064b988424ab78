"""A polling session that keeps its sid: what one request opens, the next ones find."""

from __future__ import annotations

import asyncio
import time

from raven_realtime.live.checks import connect
from raven_realtime.live.engineio import Closed, Refused, Session, Stage, Unanswered
from raven_realtime.live.packets import CONNECT, Packet, read
from raven_realtime.live.refusals import finding
from raven_realtime.live.result import Check, Result
from raven_realtime.live.target import Place, Target

CHECK = Check(
    name="session",
    title="Polling session",
    proves="Requests of one polling session reach the process that opened it: with several processes behind the path, "
    "stickiness works. It is asked several times, because a coin that falls right once proves little.",
    rank=70,
    through=(
        "edge",
        "proxy",
        "realtime",
    ),
)
ROUNDS = 7
"""With two processes and no stickiness, one round in four stays on one process by chance; seven leave 1 in 16,384.

A prime, since a proxy may take turns between its servers and see the rounds in step: six would lead each session's
second request to where its first one went.
"""


async def check(target: Target, place: Place = Place.PUBLIC, rounds: int = ROUNDS) -> Result:
    """Open so many sessions at once; each posts a CONNECT on ``/`` and polls for its answer."""
    started = time.monotonic()
    hop = f"{CHECK.name} ({place})"
    answers = await asyncio.gather(*(_round(target) for _ in range(rounds)), return_exceptions=True)
    # What came back on `/` tells the generation, at no further question.
    root = any(isinstance(one, list) and connect.asks_at_root(one) for one in answers)
    result = Result.of(hop, f"{rounds} sessions kept their sid", rounds=rounds, root=root)
    for error in answers:
        if isinstance(error, Unanswered | Refused | Closed):
            found = finding(error, place)
            result = Result.of(hop, found.evidence, found)
        elif isinstance(error, BaseException):
            raise error
    return result.taking(time.monotonic() - started)


async def _round(target: Target) -> list[Packet]:
    """Open one session; anew where an answer was cut, which now and then happens between healthy servers.

    Traefik may close its connection to the next proxy between the head and the body of an answer that a Python server
    sends in two parts; a client begins a new session then, and so does this one, once.
    """
    try:
        return await _opened(target)
    except Unanswered as error:
        if error.stage is not Stage.ANSWER:
            raise
        return await _opened(target)


async def _opened(target: Target) -> list[Packet]:
    async with Session(target) as session:
        await session.open()
        await session.post(CONNECT)
        return [packet for text in await session.poll() if (packet := read(text)) is not None]
