"""Whether what one client causes reaches the same user's other clients, whichever process they are on (RT032).

With several realtime processes only an adapter carries it. `raven_channel_get_typers` is answered in the user's own
room and shown by no page (raven realtime/handlers.js): every socket of the user has to hear the answer to one of them.
"""

from __future__ import annotations

import asyncio
import contextlib

from raven_realtime.findings import Finding, explain
from raven_realtime.live.checks import connect
from raven_realtime.live.engineio import Session
from raven_realtime.live.packets import CONNECT, EVENT, read, write
from raven_realtime.live.target import Target

SOCKETS = 4
"""Opened one after the other: proxies that take turns put them on two processes at least."""
PATIENCE_SECONDS = 2.0
QUESTION, ANSWER = "raven_channel_get_typers", "raven_channel_typers"


async def apart(target: Target, channel: str) -> Finding | None:
    """Ask by one socket and listen on all.

    Args:
        target: what to ask; its credentials log in.
        channel: a Raven channel that the user may read.

    Returns:
        The finding if the one who asked heard the answer and another did not; None otherwise, also where nobody did
        (then it is another fault, or no Raven).

    Raises:
        Unanswered, Refused, Closed: a connection failed.
    """
    async with contextlib.AsyncExitStack() as stack:
        sessions = []
        for _ in range(SOCKETS):
            session = await stack.enter_async_context(Session(target, credentials=True, origin=bool(target.page)))
            await session.open()
            await session.upgrade()
            if (await connect.join(session, target.namespace))[0].kind != CONNECT:
                return None
            session.allow(PATIENCE_SECONDS)
            sessions.append(session)
        await sessions[0].send(write(EVENT, target.namespace, [QUESTION, channel]))
        heard = await asyncio.gather(*(_hears(session) for session in sessions))
    if heard[0] and not all(heard):
        said = f"{heard.count(False)} of {SOCKETS} sockets of one user did not hear what the others did"
        return explain("RT032").found(said)
    return None


async def _hears(session: Session) -> bool:
    async for frame in session.frames(PATIENCE_SECONDS):
        packet = read(frame.text)
        if (
            packet is not None
            and packet.kind == EVENT
            and isinstance(packet.data, list)
            and packet.data[:1] == [ANSWER]
        ):
            return True
    return False
