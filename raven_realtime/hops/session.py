"""A polling session that keeps its sid: what one request opens, the next ones find."""

from __future__ import annotations

import time

from raven_realtime.hops.engineio import Closed, Refused, Session, Unanswered
from raven_realtime.hops.packets import CONNECT, read
from raven_realtime.hops.refusals import finding
from raven_realtime.hops.result import Check, Result
from raven_realtime.hops.target import Place, Target

CHECK = Check(
    name="session",
    title="Polling session",
    proves="Requests of one polling session reach the process that opened it: with several processes behind the path, "
    "stickiness works. It is asked several times, because a coin that falls right once proves little.",
    rank=70,
)
ROUNDS = 6
"""With two processes and no stickiness, one round in four stays on one process by chance; six leave 1 in 4,096."""


async def check(target: Target, place: Place = Place.PUBLIC, rounds: int = ROUNDS) -> Result:
    """Open a session, post a CONNECT on ``/`` and poll for its answer; as often as `rounds` says."""
    started = time.monotonic()
    hop = f"{CHECK.name} ({place})"
    try:
        for _ in range(rounds):
            async with Session(target) as session:
                await session.open()
                await session.post(CONNECT)
                packets = [read(text) for text in await session.poll()]
        answered = [packet.kind for packet in packets if packet is not None]
        result = Result.of(hop, f"{rounds} sessions kept their sid", answered=answered)
    except (Unanswered, Refused, Closed) as error:
        found = finding(error, place)
        result = Result.of(hop, found.evidence, found)
    return result.taking(time.monotonic() - started)
